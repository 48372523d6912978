// Package logs writes what happens in the stages of a run to a log/slog logger:
// workers that come, go and are replaced, inputs that are tried again, and all
// that fails.
//
//	stage := vimap.OpenWith(dial).Do(post).Each(servers...).
//		Hooks(logs.To(slog.Default()).Hooks())
//
// Or of every stage of a chain at once, by [vimap.Pipeline.Hooks]; beside other
// hooks by [vimap.Hooks.And].
//
// # Levels
//
//	Info   worker opened, worker closed
//	Warn   worker restarted, item retried
//	Error  worker stuck, worker given up, closing failed, item failed
//	Debug  attempt failed, item done
//
// A worker that fails to open is restarted, or given up in the end. Each item
// that needs another attempt is a Warn: a stage whose retries are its daily
// business is better heard at Error.
//
// # Attributes
//
//	stage    its name
//	worker   its number, from 0
//	phase    of what failed in a worker: open, loop, restart, close
//	item     the index of the item in its source, from 0; none for a call of Pool.Do
//	place    of the item, such as requests.jsonl:17, if its source knows one
//	attempt  from 1
//	wait     until the next attempt
//	input    of the stage, if asked for by [Log.ShowInputs]
//	error    as a value: what becomes of it is the handler's matter
//	stack    of a panic, or where the function of a stuck worker stands
//
// # What it costs
//
// A record costs about a microsecond and what the handler takes, and the worker
// waits for it. At a level that the logger does not want when [Log.Hooks] is
// called nothing is called later either: above Debug an item that goes well
// costs nothing. A handler that panics harms nothing; the first such panic in a
// stage is part of the run's error.
package logs
