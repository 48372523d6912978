// Package vimap chains sources, worker stages and sinks.
//
// A program has a stream of inputs (lines of files, requests, rows) and work to
// do on each, by workers that must be set up first (a session, a connection, a
// model) and cleaned up after. A chain says so, fully typed and without a type
// argument:
//
//	send := vimap.OpenWith(dial).
//		Close((*Session).Close).
//		Do((*Session).Post).
//		Each(servers...).
//		Timeout(5 * time.Second).
//		Retry(retry.Exponential(10*time.Millisecond, time.Second).Attempts(5))
//
//	written, err := sources.Lines("requests.jsonl").
//		Try(parse).
//		Via(send).
//		To(ctx, sinks.JSONLines("responses.jsonl").Pairs)
//
// # Words
//
// An item is what the source produced. A stage has workers, which make one
// output of each input. A step (Map, Try, Filter, FlatMap) is a plain function
// between them. A sink ends the chain. A run is one execution of all this; an
// attempt is one call of a worker's function for an input, counted from 1, and
// a retry is an attempt after the first. A pool keeps the workers of a stage
// open between runs, see [NewPool].
//
// # What is promised
//
//   - Every item that is read has one fate: it is delivered, failed, filtered,
//     or, when the run was ended before, unfinished. [Stats] adds up.
//   - An output is delivered beside the item it came from, whatever happened on
//     its way: retries, batches, reordering.
//   - With [Pipeline.Ordered] the outcomes come as from a plain loop.
//   - Items read and not yet delivered never exceed a bound, see
//     [Pipeline.InFlight]; of lines that workers cut themselves, blocks do, see
//     [Borrowed] and [Strings]. A delivered item is released to the collector.
//   - An item that arrives alone is worked on at once: nothing waits for a
//     batch to fill, except in a [Bulk] stage for its linger time.
//   - When a terminal call returns, or the loop over a run is left, nothing of
//     the caller's code runs any more, every worker that was opened has been
//     closed once (those of a [Pool] when that ends), and no goroutine or file
//     is left. The one exception is a function that ignores the end of its
//     context beyond its time limit: it is reported as a [StuckError], and its
//     worker is closed when it returns.
//   - A panic or runtime.Goexit in a function of the caller's is the error of
//     its own input, a [PanicError] with its stack. After one in Do or in a
//     loop the worker is closed and opened anew.
//   - What goes wrong is returned: an [ItemError], [WorkerError],
//     [NoWorkersError], [SourceError], [TooManyFailuresError]. A run whose
//     error nobody reads is logged once, by log/slog, when the garbage
//     collector finds it; a program that ends sooner logs nothing.
//   - Cancellation ends whatever waits (source, opening, work, back-off, sink)
//     and is returned as context.Cause.
//
// # What a run says of itself
//
// [Run.Stats] tells what each stage and worker did and does, how long it worked
// and waited, what was slow and what holds the run back: as fields, as a table,
// as JSON. A [Plan] tells what a chain is made of, as text or as a drawing.
// Package inspect shows both on a live page, package progress on a terminal,
// package expvars to expvar, and module otelvimap to OpenTelemetry. [Hooks] are
// for one stage by [Stage.Hooks] or for all by [Pipeline.Hooks]; those of package
// logs write to a log/slog logger.
//
// # Goroutines
//
// A run has one goroutine for the source, one for each worker, one for each
// FlatMap, KeyBy, Bulk, Take, Skip, Distinct, Enumerate, Chunk, Window and
// Throttle, one for each source of a Merge, and one for the steps of a chain without any stage.
// Inline steps before a stage run in its workers, those after the last stage in
// the workers of that. Workers without a set-up are started when there is work
// for them; the others at the beginning, and the source is read when each stage
// has one that is open. A pool has the goroutines of a run and one more, until
// it is closed or its context ends. What adds to a [Run.Aggregate] runs in the
// workers of the last stage. Where there is none, and the source has lines
// ([Borrowed], [Strings]), they are cut and worked on by one worker for each
// processor.
//
// # Packages
//
// Packages sources and sinks have the beginnings and ends of chains, retry the
// policies, web stages of HTTP requests, vimaptest what tests need. Work that may
// crash, hang or is not written in Go can be done by child processes: package
// process.
//
// # Tests
//
// Everything runs inside a testing/synctest bubble, where time-outs, back-off
// and linger cost no real time. The context of vimaptest.Serial makes a run
// serial: one goroutine, that of the loop, and one call at a time, in source
// order. Such a run has only the caller's goroutine: it lets a Goexit through
// when all is closed, and abandons nothing. Package vimaptest has more: runs
// that a test drives by hand, faults, a leak check, and tests for stages.
package vimap
