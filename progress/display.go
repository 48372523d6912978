package progress

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/engine"
)

const (
	redraw   = 200 * time.Millisecond
	lineWait = 5 * time.Second
)

// Mode says how a [Display] shows progress.
type Mode string

// The modes of a display.
const (
	Auto  Mode = ""      // a bar on a terminal, lines elsewhere and where TERM is dumb
	Bar   Mode = "bar"   // one line that is drawn again and again
	Lines Mode = "lines" // a line from time to time, with nothing but text in it
)

// Display is where progress is shown. The zero value shows it on standard
// error, as [Show] does. There should be one Display for a terminal: two know
// nothing of each other. Its methods may be called from any goroutine; its
// fields must not be changed once a run is shown, and it must not be copied.
type Display struct {
	To    io.Writer     // nil stands for os.Stderr
	Mode  Mode          // of showing
	Every time.Duration // from line to line in the mode Lines; 0 stands for 5 s
	Width func() int    // how many columns the terminal has; nil: it is asked, and has 80 if it does not say

	mu      sync.Mutex
	shown   []*bar // those of runs that go on, the oldest first
	watch   int    // grows when what a timer was set for is over
	timer   *time.Timer
	live    bool   // a bar is drawn, not lines
	line    string // on the screen, with the cursor at its beginning; "" if there is none
	midLine bool   // the program has written the beginning of a line
	broken  bool   // a write failed
}

var standard Display

// Show returns a context in which a run shows its progress on standard error:
//
//	hashes, err := files.Via(hash).To(progress.Show(ctx, "hashing"), sinks.Collect)
//
// The name stands at the beginning of the line; "" for none.
//
// A run is shown from the beginning of the loop over it until that is over,
// however it ends; then a line sums it up. Several runs of the context, one
// after another, are shown each. Those that begin while another of the same
// context goes on are not: they are taken for a part of its work, as runs that
// its workers begin by their own context are, too. Two that are to be seen at
// the same time have a Show each.
func Show(ctx context.Context, name string) context.Context { return standard.Show(ctx, name) }

// Writer returns a writer for what the program itself writes on the terminal
// where [Show] draws: what is written to w by it appears above the bar.
//
//	out := progress.Writer(os.Stdout)
//	fmt.Fprintln(out, sum, path)
//
// It writes straight to w and holds nothing back. While a line is begun and not
// ended, as by a question to the user, there is no bar. If w is a file, as
// where standard output was redirected, Writer returns w itself; so it may
// always be used.
func Writer(w io.Writer) io.Writer { return standard.Writer(w) }

// Show is the function [Show] for this display.
func (d *Display) Show(ctx context.Context, name string) context.Context {
	switch d.Mode {
	case Auto, Bar, Lines:
	default:
		panic(fmt.Sprintf("progress: Show: Mode must be Auto, Bar or Lines, got %q", string(d.Mode)))
	}
	if d.Every < 0 {
		panic(fmt.Sprintf("progress: Show: Every must not be negative, got %v", d.Every))
	}
	var busy atomic.Bool
	return engine.Followed(ctx, func(ctx context.Context, run any) (over func(bool, error)) {
		if !busy.CompareAndSwap(false, true) {
			return func(bool, error) {}
		}
		b := &bar{name: printable(name), ctx: ctx, run: run.(subject)}
		d.begin(b)
		return func(left bool, err error) {
			b.left, b.err = left, err
			d.end(b)
			busy.Store(false)
		}
	})
}

// subject is a run.
type subject interface{ Stats() vimap.Stats }

// bar is a run that is shown.
type bar struct {
	name string
	ctx  context.Context
	run  subject
	over bool
	left bool  // the loop over it was, early
	err  error // of the run
	view view  // as of the last look
}

// Writer is the function [Writer] for this display.
func (d *Display) Writer(w io.Writer) io.Writer {
	if w == nil {
		panic("progress: Writer: w must not be nil")
	}
	if file, ok := w.(*os.File); ok && !isTerminal(file) {
		return w
	}
	return &aside{d, w}
}

// aside moves the bar aside for a write.
type aside struct {
	d *Display
	w io.Writer
}

func (a *aside) Write(p []byte) (int, error) {
	d := a.d
	d.mu.Lock()
	defer d.mu.Unlock()
	line := d.line
	if line != "" {
		d.put(erase)
		d.line = ""
	}
	n, err := a.w.Write(p)
	if n > 0 {
		d.midLine = p[n-1] != '\n'
	}
	if line != "" && !d.midLine {
		d.draw(line)
	}
	return n, err
}

// begin shows a run.
func (d *Display) begin(b *bar) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shown = append(d.shown, b)
	if len(d.shown) == 1 {
		d.live = d.isLive()
		d.broken = false
		d.watch++
		d.again()
	}
}

// again has the display look at its runs in a while. The caller holds mu.
func (d *Display) again() {
	wait := redraw
	if !d.live {
		wait = d.Every
		if wait == 0 {
			wait = lineWait
		}
	}
	watch := d.watch
	d.timer = time.AfterFunc(wait, func() { d.look(watch) })
}

// look shows how far the runs are.
func (d *Display) look(watch int) {
	d.mu.Lock()
	if watch != d.watch {
		d.mu.Unlock()
		return
	}
	bars := slices.Clone(d.shown)
	d.mu.Unlock()
	// Stats call functions of the user's, which may write to a Writer.
	stats := make([]vimap.Stats, len(bars))
	for i, b := range bars {
		stats[i] = b.run.Stats()
	}
	columns := d.columns() // so may Width

	d.mu.Lock()
	defer d.mu.Unlock()
	if watch != d.watch {
		return
	}
	for i, b := range bars {
		if b.over {
			continue
		}
		b.view.note(&stats[i])
		if !d.live && !d.midLine {
			d.put(b.sentence() + "\n")
		}
	}
	d.drawFirst(columns)
	if !d.broken {
		d.again()
	}
}

// end sums up a run, which is over.
func (d *Display) end(b *bar) {
	stats, columns := b.run.Stats(), d.columns()
	d.mu.Lock()
	defer d.mu.Unlock()
	b.over = true
	b.view.note(&stats)
	d.shown = slices.DeleteFunc(d.shown, func(other *bar) bool { return other == b })
	var text strings.Builder
	switch {
	case d.line != "":
		text.WriteString(erase)
		d.line = ""
	case d.midLine:
		text.WriteString("\n")
		d.midLine = false
	}
	text.WriteString(b.summary() + "\n")
	d.put(text.String())
	if len(d.shown) == 0 {
		d.watch++
		d.timer.Stop()
		return
	}
	d.drawFirst(columns)
}

// drawFirst draws the bar of the oldest run on so many columns. The caller holds
// mu.
func (d *Display) drawFirst(columns int) {
	if !d.live || d.midLine || len(d.shown) == 0 {
		return
	}
	b := d.shown[0]
	if !b.view.seen {
		return
	}
	d.draw(b.line(columns-1, len(d.shown)-1)) // or the cursor would stand beyond the last column
}

// draw puts the line on the screen. The cursor is left at its beginning: there
// it stays when the terminal gets narrower and breaks the line, and what
// follows it can be erased.
func (d *Display) draw(line string) {
	d.line = line
	d.put("\r" + line + toEnd + "\r")
}

const (
	toEnd = "\x1b[J" // erases from the cursor to the end of the screen
	erase = "\r" + toEnd
)

// put writes. A display that can't is no reason for the run to end, nor for its
// writer to be tried again. The caller holds mu.
func (d *Display) put(text string) {
	if d.broken {
		return
	}
	d.broken = true // also if it panics
	defer func() { _ = recover() }()
	_, err := io.WriteString(d.to(), text)
	d.broken = err != nil
}
