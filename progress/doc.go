// Package progress shows on a terminal how far a run is: a bar if it is known
// how much there is to do, how many items, how fast, how many failed and were
// tried again, and how long it will take. Where there is no terminal it writes a
// line from time to time. When the run is over, a line sums it up.
//
//	hashes, err := files.Via(hash).To(progress.Show(ctx, "hashing"), sinks.Collect)
//
//	hashing   28%  [======>                ]  5,182/18,507  2,088/s  3 failed  ETA 6s
//	…
//	hashing: 18,507 items in 8.74s, 2,117/s, 3 failed
//
// The context is given to To or to Start, so this goes with every sink and
// every loop.
//
// # What it says
//
// Items are those of the source that have their fate. What there is to do is
// known from sources that say so, see [vimap.Emitter.Total]: a slice by its
// items, files of lines by their bytes, every source once it has ended. Without
// that there is no bar, and the time that has passed stands for the time that is
// left. The estimate goes by the last half minute, of long runs by the last
// quarter, and begins after a second.
//
// In a narrow window the amount of bytes goes first, then what was tried again,
// the rate, the bar, the time, and what is not the percentage or failures.
//
// The summary says "stopped after" if [vimap.Run.Stop] ended the reading, "left
// after" if the loop over the run was left, or the sink panicked, "cancelled
// after" and "failed after" as the run's error is. It does not print the error:
// that is the program's to do.
//
// # Where it says it
//
// Progress goes to standard error, so that the program's output can be
// redirected. What the program writes on the same terminal should go through
// [Writer], or it lands in the middle of the bar. On a terminal the bar is one
// line, however many runs are shown: that of the oldest, with the number of the
// others. No colours are used and the cursor is not hidden, so that nothing is
// left to be undone if the process is killed.
//
// A [Display] chooses what is written where, and how often.
//
// # What it costs
//
// Nothing for an item: five times a second, or before each line, the figures are
// read that a run keeps anyway. A write that fails ends the display of what is
// shown, never a run; one that blocks, as when a terminal is held by Ctrl-S,
// holds up the end of a run and what is written through Writer, and nothing
// else.
package progress
