// Package sinks holds the ends of a chain: what becomes of the outputs of a
// [vimap.Pipeline].
//
//	sent, err := sources.Lines("requests.jsonl").
//		Try(parse).
//		Via(send).
//		To(ctx, sinks.JSONLines("answers.jsonl").Pairs)
//
// # Which sink
//
//	sink                                 what To returns
//	Collect                              []Out, every output
//	Zip                                  []vimap.Pair[In, Out], every input with its output
//	Ignore                               the number of outputs
//	Each(f)                              the number of pairs that f took
//	Fold(start, f)                       what f made of start and all pairs
//	Aggregate(newAcc, add, merge)        the same, made in the workers
//	Chan(ch).Outputs                     the number of outputs sent to ch
//	Lines(path).Outputs, .Pairs          the number of lines of text written
//	LinesTo(w).Outputs, .Pairs           the same, to a writer
//	JSONLines(path).Outputs, .Pairs      the number of lines of JSON written
//	JSONLines(path).Results              the same, with a line for every failed input too
//	JSONLinesTo(w).Outputs, …            the same, to a writer
//	JSONArray(path).Outputs, …           the number of elements of a JSON array written
//	JSONArrayTo(w).Outputs, …            the same, to a writer
//	CSV(path).Outputs                    the number of rows of CSV written, or TSV with Comma('\t')
//	CSVTo(w).Outputs                     the same, to a writer
//	Exec(db, statement, args).Outputs    the number of outputs executed in a database
//	Split(dir, key).Lines().Outputs, …   the number of lines written to a file for each key
//	Split(dir, key).JSONLines().Pairs, … the same, of JSON
//	Batch(n, linger, f)                  the number of pairs that f took, up to n at once
//	Tee(first, second)                   what two sinks return, as Both
//
// A path that ends in ".gz" or ".zst" makes a packed file, see [Lines].
//
// JSONLines(path).DeadLetters is no end of a chain but what becomes of the items
// that failed, for [vimap.Pipeline.DeadLetters].
//
// A sink is passed as it is, without calling it and without type arguments:
// To(ctx, sinks.Collect), To(ctx, sinks.Lines("out.txt").Outputs).
//
// # What holds for all of them
//
// A sink runs in one goroutine, and so do the functions given to it, except those
// of Aggregate: they need no lock among themselves, and To waits for them. It sees the outputs as they come,
// or in source order after [vimap.Pipeline.Ordered].
//
// All sinks but JSON.Results end at the first failure of the run (or where
// [vimap.Pipeline.Tolerate] or DeadLetters puts the end) and return it, with what they had made of the outputs before it. A sink that fails
// itself (a full disk, an error of a callback) ends the run at once, and its
// own error is returned. Its panic is returned too, as a [vimap.PanicError].
//
// # Sinks of your own
//
// A sink is any func(*vimap.Run[In, Out]) (R, error). It ranges over the run
// once, by [vimap.Run.Zip], [vimap.Run.Results] or [vimap.Run.Batches], and then returns
// [vimap.Run.Err]. Leaving the loop ends the run, so a sink that fails simply
// returns:
//
//	func longest[In any](run *vimap.Run[In, string]) (string, error) {
//		var most string
//		for _, out := range run.Zip() {
//			if len(out) > len(most) {
//				most = out
//			}
//		}
//		return most, run.Err()
//	}
package sinks
