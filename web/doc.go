// Package web makes stages that send HTTP requests, one for each input.
//
//	receipts := sources.JSONLines[Order]("orders.jsonl").
//		Via(web.JSON[Order, Receipt](http.MethodPost, "/orders").Each(servers...))
//
//	pages := sources.Lines("urls.txt").
//		Via(web.Get().Workers(16))
//
// # Which one
//
//	constructor                inputs           outputs
//	Get()                      URLs, or paths   Response, whole
//	JSON[In, Out](m, path)     sent as JSON     decoded from JSON
//	Do(build, decode)          any: build makes the request, decode the output
//
// Each of them is completed by [Calls.Each], a worker for each server, or by
// [Calls.Workers], workers that are all alike. What comes of it is an ordinary
// [vimap.Stage], with all its options. [Client] holds the options of this
// package.
//
// Each worker has a client with connections of its own; it closes those that
// are left when it is closed itself.
//
// # What is tried again
//
// A request that failed is sent again, up to eight times in all with waits of up
// to 10 s, unless [vimap.Stage.Retry] says otherwise:
//
//   - after a network error, or when its time was up;
//   - after a status 429 (too many requests) or 5xx, but for 501 (not
//     implemented);
//   - after an error of the decode function of [Do], but for [retry.Permanent].
//
// A request that is not idempotent (POST, PATCH and others, without an
// Idempotency-Key in its header) is sent again only if it can't have been
// worked on: when there was no connection, after a 429, and after a 503 with a
// Retry-After. [Client.Resend] takes this caution away. Any other failure is
// final: any other status, a response that [JSON] or [Decode] can't decode, or
// one that is larger than [Client.MaxBody].
//
// # Pauses
//
// A server that answers 429 or 503, or can't be reached, is left alone by all
// workers of the stage, for as long as its Retry-After says (in seconds or by a
// date), or else for up to 100 ms, which doubles with each further time in a
// row, up to 30 s. Only a request that was sent counts as an attempt, so the
// pause costs no other input one of its attempts. Requests that are on their way
// already are not called back. Trouble behind a redirect to another server holds
// back neither of them: it only fails its input, or has it tried again. With
// [Client.PauseAll] a refusal there holds back all, as any does.
//
// A worker that has a server of its own, by Each, is lost for the time of the
// pause, as [vimap.Lost] says: it takes no inputs, the input that was refused
// may be sent to another server at once, and the worker is opened anew when the
// pause is over ([vimap.Stage.OpenTimeout] would cut that short). A worker of
// another kind, or one that finds its server refused to another worker, waits
// with the input in its hand; where inputs are for many
// servers, [vimap.Stage.KeyBy] by server keeps a paused one from having more
// than one worker wait.
//
// A server that asks for more than [Client.MaxPause] is not waited for: its
// input fails, with an error that says what it asked for.
//
// # Errors
//
// A status that is no success is a [StatusError]. The others name the request
// as those of [http.Client] do: Get "https://a.example/x": unexpected EOF.
package web
