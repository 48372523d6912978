// Package inspect shows the runs of a program on a web page, in the manner of
// /debug/pprof: what each run is made of and how fast items move through it,
// what waits where, what every worker has in hand and for how long, the slowest
// items and the failures.
//
//	var page inspect.Page
//
//	run := pipeline.Start(ctx)
//	page.Add(inspect.Run{Name: "orders", Of: run})
//	go http.ListenAndServe("localhost:6060", &page)
//	for in, out := range run.Zip() { … }
//
// The page asks for nothing but itself: no other host, no file, no build step.
// It renews itself every second; without JavaScript it is loaded again every
// few seconds. Its address takes parameters: ?run=3 chooses a run, and
// ?format=json gives the figures of the page as JSON.
//
// # Who may see it
//
// Importing the package registers nothing: a page is served where the program
// says so. It shows names of stages and files, texts of errors and stacks, and
// what it is told to show of items, so it belongs on localhost, as above, or
// behind what guards the program's other pages:
//
//	mux.Handle("GET /debug/vimap/", loggedIn(&page))
//
// It changes nothing: it answers GET and HEAD alone, and has no button that
// acts on a run. Whatever it shows is escaped and cut to a length, and a strict
// Content-Security-Policy forbids all scripts but its own. HideInputs,
// HideErrors and HideConfigs leave out what must not be seen even so.
//
// # What it costs
//
// Nothing while nobody looks: figures are read when the page is asked for, and
// so are the samples of its chart. No goroutine belongs to it.
package inspect
