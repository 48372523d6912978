package laws

import (
	"context"
	"encoding/json/v2"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/process"
)

// What a step is in a child process. What happens there is written into a file
// that the children of a step share, a line for each event: kids.go reads it.

// orders are what a child is told of its step.
type orders struct {
	Kind, Config string
	Salt, Rate   int
	Faults       []string
	Retried      bool
	Nap          int64 // ns
	Opens, Shuts string
	Folder       string
}

// envOrders has the orders of children that are all alike.
const envOrders = "LAWS_ORDERS"

var (
	kidEach  = process.Define("laws each").OpenWith(openKid).Close((*kid).close).Do((*kid).do)
	kidAlike = process.Define("laws alike").Open(openAlike).Close((*kid).close).Do((*kid).do)
	kidLoop  = process.Define("laws loop").Loop(loopKid)
)

// kid is the state of a worker in a child.
type kid struct {
	*Step
	folder string
	events *os.File
}

// The events of a child.
const (
	eventOpened   = "opened"
	eventUnopened = "unopened" // its opening failed, or is going to end the process
	eventBegins   = "begins"
	eventEnds     = "ends"
	eventDies     = "dies" // the work on an input is going to cost the child
	eventClosed   = "closed"
	eventUnclosed = "unclosed"
)

func (k *kid) say(event string, v int) {
	fmt.Fprintln(k.events, os.Getpid(), event, v)
}

// first is true once for all children of the step.
func (k *kid) first(what string) bool {
	f, err := os.OpenFile(filepath.Join(k.folder, what), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

func newKid(o orders) (*kid, error) {
	s := &Step{kind: o.Kind, salt: o.Salt, rate: o.Rate, faults: o.Faults, retried: o.Retried, nap: time.Duration(o.Nap), opens: o.Opens, shuts: o.Shuts}
	s.kids = new(kids)
	s.crew = newCrew(new(guard), o.Kind)
	events, err := os.OpenFile(filepath.Join(o.Folder, "events"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return &kid{Step: s, folder: o.Folder, events: events}, err
}

func openAlike(ctx context.Context) (*kid, error) {
	var o orders
	if err := json.Unmarshal([]byte(os.Getenv(envOrders)), &o); err != nil {
		return nil, err
	}
	return openKid(ctx, o)
}

func openKid(ctx context.Context, o orders) (*kid, error) {
	k, err := newKid(o)
	if err != nil {
		return nil, err
	}
	if k.opens == "every" || k.opens == "first" && k.first("opening") || k.opens == "one" && o.Config == "worker 0" {
		k.say(eventUnopened, 0)
		return nil, ends(ctx, []string{"error", "panic value", "exit 1", "kill"}[k.dice(os.Getpid(), 5, 4)], errOpen)
	}
	k.say(eventOpened, 0)
	return k, nil
}

// ends does the deed, or returns err.
func ends(ctx context.Context, deed string, err error) error {
	switch deed {
	case "exit 0":
		os.Exit(0)
	case "exit 1":
		os.Exit(1)
	case "kill", "stop":
		strike(deed)
		time.Sleep(time.Hour) // it may take a moment
	case "garbage":
		_, _ = os.NewFile(toParent, "to parent").WriteString("what is no frame\n")
		time.Sleep(time.Hour)
	case "hang":
		time.Sleep(time.Hour)
	}
	die(deed)
	if said := give(ctx, deed); said != nil {
		return said
	}
	return err
}

// toParent is the pipe that the answers go through.
const toParent = 4

func (k *kid) close() error {
	if k.shuts == "" || k.dice(os.Getpid(), 6, 3) > 0 {
		k.say(eventClosed, 0)
		return k.events.Close()
	}
	k.say(eventUnclosed, 0)
	k.events.Close()
	return ends(context.Background(), k.shuts, errClose)
}

func (k *kid) do(ctx context.Context, v int) (int, error) {
	k.say(eventBegins, v)
	time.Sleep(time.Duration(k.dice(v, 4, 5)) * k.nap / 5)
	verdict := k.verdict(v)
	switch {
	case verdict.deed == "", verdict.deed == "flaky" && !k.first(fmt.Sprint("flaky ", v)):
		k.say(eventEnds, v)
		return verdict.outs[0], nil
	case slices.Contains(costing, verdict.deed):
		k.say(eventDies, v)
	default:
		defer k.say(eventEnds, v)
	}
	err := ends(ctx, verdict.deed, nil)
	if verdict.deed == "flaky" {
		err = errInjected
	}
	return v, err
}

// loopKid is a child's worker that is a loop.
func loopKid(feed *vimap.Feed[int, int], o orders) error {
	k, err := openKid(context.Background(), o)
	if err != nil {
		return err
	}
	defer func() { _ = k.close() }()
	for ctx, v := range feed.All() {
		out, err := k.do(ctx, v)
		switch k.verdict(v).deed {
		case "yields none":
			continue
		case "leaves":
			return nil
		case "yields twice":
			feed.Yield(out, nil)
		}
		feed.Yield(out, err)
	}
	return nil
}
