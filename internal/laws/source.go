package laws

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/vimap-go/vimap"
)

// source is where the items of a program come from, and what goes wrong there.
type source struct {
	form     string // the function that makes it
	n        int    // how many items there are
	spread   int    // of their values
	breaks   string // "", a fault, "blocks" until the end of its context, or "deaf" to it
	breaksAt int    // after so many items
}

// endless is more items than a program can work off.
const endless = min(1<<40, math.MaxInt)

func drawSource(d Draws, inFlight int, fake bool) source {
	s := source{
		form:   pick(d, "from", "one", "many", "texts", "decode", "lent", "merge"),
		n:      pick(d, d(0, 3), d(4, 40), d(100, 600), d(100, 600), d(1_000, 4_000), endless),
		spread: pick(d, 1, 10, 1_000_000, 1_000_000),
	}
	if (inFlight == 1 || inFlight == 2) && s.n < endless {
		s.n = min(s.n, 60) // one after another takes long
	}
	if s.form == "lent" || s.form == "merge" {
		s.n = min(s.n, 4_000)
	}
	if d.oneIn(6) && s.form != "merge" {
		s.breaks, s.breaksAt = pick(d, append([]string{"error", "blocks", "deaf"}, dying...)...), d(0, min(s.n, 300))
		if s.breaks == "deaf" && !fake {
			s.breaks = "blocks"
		}
		if s.form == "lent" && s.breaks == "deaf" {
			s.breaks = "blocks"
		}
		if s.gathers() && s.breaks != "error" {
			s.form = "one" // what it has gathered would be lost
		}
	}
	return s
}

// items are the first n.
func (s *source) items(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = s.item(i)
	}
	return all
}

func (s *source) item(i int) int { return (i*7919 + i/3) % s.spread }

// all is how many items are read if nothing but the source ends the run.
func (s *source) all() int {
	if s.breaks != "" {
		return s.breaksAt
	}
	return s.n
}

// String is one line.
func (s *source) String() string {
	return fmt.Sprintf("%s: %d items, spread %d, breaks %q at %d", s.form, s.n, s.spread, s.breaks, s.breaksAt)
}

// read yields the items and then breaks, if it is to.
func (p *Program) read(ctx context.Context) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		leave := sync.OnceFunc(p.enter("the source"))
		defer leave()
		pause := time.NewTimer(time.Hour)
		defer pause.Stop()
		outcomes, countable := map[int]int{}, p.countable()
		for i := range p.all() {
			v := p.item(i)
			if i%1_000 == 999 { // or no time would pass in a bubble while an endless source is read
				pause.Reset(time.Millisecond)
				<-pause.C
			}
			if _, known := outcomes[v]; !known && len(outcomes) < 10_000 && countable {
				outcomes[v] = p.outcomesOf(v)
			}
			if outcomes[v] > 0 && !p.gathers() {
				p.flies(p.reads.Add(1) - p.done.Load())
			}
			if !yield(v, nil) {
				return
			}
		}
		switch p.breaks {
		case "":
		case "blocks":
			<-ctx.Done()
			yield(0, ctx.Err())
		case "deaf":
			p.faults.Add(1)
			leave() // it is going to be abandoned
			time.Sleep(time.Minute)
			yield(0, nil)
		case "error":
			p.faults.Add(1)
			yield(0, errSource)
		default:
			p.faults.Add(1)
			die(p.breaks)
		}
	}
}

// flies holds that no more items are in flight than may be.
func (p *Program) flies(now int64) {
	most := p.bound()
	if p.countable() && now > int64(most) {
		p.report("bounded: %d items in flight, %d may be", now, most)
	}
}

// from begins the chain.
func (p *Program) from() vimap.Pipeline[int, int] {
	switch p.form {
	case "one":
		return vimap.Emit(func(ctx context.Context, out *vimap.Emitter[int]) error {
			out.Places(place)
			for v, err := range p.read(ctx) {
				if err != nil || !out.One(v) {
					return err
				}
			}
			return nil
		})
	case "many":
		return vimap.Emit(p.many)
	case "texts":
		return p.texts()
	case "lent":
		return p.lent()
	case "merge":
		return p.merge()
	case "decode":
		raw := vimap.From(func(ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for v, err := range p.read(ctx) {
					if !yield(fmt.Sprint(v), err) {
						return
					}
				}
			}
		})
		return vimap.Decode(raw, func(text string) (v int, err error) {
			defer p.enter("the decoder")()
			_, err = fmt.Sscan(text, &v)
			return v, err
		})
	}
	return vimap.From(p.read)
}

// gathers reports whether the source hands out several items at a time.
func (s *source) gathers() bool { return s.form == "many" || s.form == "texts" }

// many hands out the items several at a time.
func (p *Program) many(ctx context.Context, out *vimap.Emitter[int]) error {
	out.Places(place)
	return p.gather(ctx, func(some []int) bool { return out.Many(slices.Clone(some)) })
}

// gather reads the items and hands on several at a time.
func (p *Program) gather(ctx context.Context, hand func([]int) bool) error {
	var some []int
	for v, err := range p.read(ctx) {
		if err != nil {
			hand(some)
			return err
		}
		if some = append(some, v); len(some) <= v%100 && len(some) < p.all() {
			continue
		}
		if !hand(some) {
			return nil
		}
		some = some[:0]
	}
	hand(some)
	return nil
}

func place(n int64) string { return fmt.Sprint("numbers:", n+1) }

// placed is the place that the errors of an item name.
func (s *source) placed(index int64) string {
	switch s.form {
	case "one", "many", "texts", "lent":
		return place(index)
	}
	return ""
}
