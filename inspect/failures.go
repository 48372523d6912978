package inspect

import (
	"sync"
	"time"

	"github.com/vimap-go/vimap"
)

const mostFailures = 50

// Failures keep the latest 50 failures that the stages of a run tell of, as
// text, for the page that made them. See [Page.Failures].
type Failures struct {
	page *Page

	mu    sync.Mutex
	kept  []failure // a ring
	total int64
}

// failure is one of them, ready to be shown.
type failure struct {
	At       time.Time `json:"at,omitzero"`
	Stage    string    `json:"stage,omitempty"`
	Worker   int       `json:"worker"`
	Index    int64     `json:"index"` // -1: not of an item
	Attempts int       `json:"attempts,omitempty"`
	What     string    `json:"what"`
	Input    string    `json:"input,omitempty"`
	Err      string    `json:"error"`
	Stack    string    `json:"stack,omitempty"`
}

// Failures returns an empty list of failures, for one run. Without it a page
// shows how many items failed, and which workers were abandoned or given up.
func (p *Page) Failures() *Failures { return &Failures{page: p} }

// Hooks returns hooks for [vimap.Stage.Hooks] that keep what fails in the
// stage: inputs that failed for good, and workers that were restarted, were
// abandoned, were given up or could not be closed. Failures of inline steps such
// as Try are not told to hooks. A failure costs some microseconds; so does, as
// with all hooks, each input of the stage.
func (f *Failures) Hooks() vimap.Hooks {
	worker := func(what string) func(vimap.WorkerEvent) {
		return func(e vimap.WorkerEvent) {
			if e.Err != nil {
				f.keep(failure{Stage: e.Stage, Worker: e.Worker, Index: -1, What: what, Input: f.page.config(e.Config)}, e.Err)
			}
		}
	}
	return vimap.Hooks{
		WorkerRestarted: worker("restarted"),
		WorkerStuck:     worker("abandoned"),
		WorkerGivenUp:   worker("given up"),
		WorkerClosed:    worker("closing"),
		ItemFailed: func(e vimap.ItemEvent) {
			f.keep(failure{Stage: e.Stage, Worker: e.Worker, Index: e.Index, Attempts: e.Attempt, What: "failed", Input: f.page.input(e.Input)}, e.Err)
		},
	}
}

// keep notes a failure. Its texts are made now, by the one whose input it is.
func (f *Failures) keep(made failure, err error) {
	made.At = time.Now()
	made.Stage = f.page.line(made.Stage)
	made.Err, made.Stack = f.page.err(err), f.page.stack(err)
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.kept) < mostFailures {
		f.kept = append(f.kept, made)
	} else {
		f.kept[f.total%mostFailures] = made
	}
	f.total++
}

// latest returns what was kept, the latest first, and how many there were.
func (f *Failures) latest() (latest []failure, total int64) {
	if f == nil {
		return nil, 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range int64(len(f.kept)) {
		latest = append(latest, f.kept[(f.total-1-i)%mostFailures])
	}
	return latest, f.total
}
