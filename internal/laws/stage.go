package laws

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
)

// grace is how long a call may go on after its limit.
const grace = time.Second

// rest takes the time that work on v takes.
func (s *Step) rest(ctx context.Context, v int) error {
	if s.nap == 0 {
		return nil
	}
	t := time.NewTimer(time.Duration(s.dice(v, 4, 5)) * s.nap / 5)
	defer t.Stop()
	if !s.fake && s.limit > 0 {
		<-t.C // on a busy machine the limit could come first
		return nil
	}
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// do is what a worker does with a number. early ends the call for the eyes of
// the crew, if it is going to be abandoned.
func (s *Step) do(ctx context.Context, v int, early func()) (int, error) {
	verdict := s.verdict(v)
	switch verdict.deed {
	case "":
		return verdict.outs[0], nil
	case "flaky":
		if s.try(v) > 1 {
			return verdict.outs[0], nil
		}
		s.crew.faults.Add(1)
		return 0, errInjected
	case "stuck":
		s.crew.faults.Add(1)
		time.Sleep(s.limit)
		early()
		time.Sleep(grace + 3*time.Second)
		return 0, errInjected
	}
	s.crew.faults.Add(1)
	die(verdict.deed)
	return v, give(ctx, verdict.deed)
}

// work is a call of a worker's function.
func (s *Step) work(ctx context.Context, v int) (int, error) {
	end := s.crew.work(s.keys, v)
	defer end()
	if err := s.rest(ctx, v); err != nil {
		return 0, err
	}
	return s.do(ctx, v, end)
}

func (s *Step) handed(h *hand, ctx context.Context, v int) (int, error) {
	end := h.begin()
	defer end()
	return s.work(ctx, v)
}

func (s *Step) batch(ctx context.Context, vs []int) ([]int, error) {
	end := s.call()
	defer end()
	if err := s.rest(ctx, vs[0]); err != nil {
		return nil, err
	}
	outs := make([]int, 0, len(vs))
	for _, v := range vs {
		out, err := s.do(ctx, v, end)
		if err != nil {
			return nil, err
		}
		if s.verdict(v).deed != "miscounts" {
			outs = append(outs, out)
		}
	}
	return outs, nil
}

// opening is a call of a worker's opening, which may fail.
func (s *Step) opening(config string) (*hand, error) {
	nth, fails := s.openings.Add(1), ""
	switch {
	case s.opens == "every", s.opens == "first" && nth == 1, s.opens == "one" && config == "worker 0":
		fails = append([]string{"error"}, dying...)[s.dice(int(nth), 5, 1+len(dying))]
		if s.serial && fails == "goexit" {
			fails = "error"
		}
	}
	return s.open(fails)
}

func (s *Step) closing(h *hand) error {
	if s.dice(int(h.id), 6, 3) > 0 {
		return h.shut("")
	}
	return h.shut(s.shuts)
}

// loop is the function of a worker that is a loop.
func (s *Step) loop(feed *vimap.Feed[int, int], config string) error {
	h, err := s.opening(config)
	if err != nil {
		return err
	}
	defer func() { _ = h.shut("") }()
	for ctx, v := range feed.All() {
		if s.turn(h, ctx, feed, v) {
			break
		}
	}
	return nil
}

// turn is a turn of a loop.
func (s *Step) turn(h *hand, ctx context.Context, feed *vimap.Feed[int, int], v int) (leave bool) {
	out, err := s.handed(h, ctx, v)
	switch s.verdict(v).deed {
	case "yields none":
		return false
	case "leaves":
		return true
	case "yields twice":
		feed.Yield(out, nil)
	}
	feed.Yield(out, err)
	return false
}

// stage returns the step as a stage, with the one that it was composed with.
func (s *Step) stage() vimap.Stage[int, int] {
	configs := make([]string, s.workers)
	for i := range configs {
		configs[i] = fmt.Sprint("worker ", i)
	}
	var stage vimap.Stage[int, int]
	switch s.kind {
	case "func":
		stage = vimap.Func(s.work).Workers(s.workers)
	case "open":
		open := func(context.Context) (*hand, error) { return s.opening("") }
		stage = vimap.Open(open).Close(s.closing).Do(s.handed).Workers(s.workers)
	case "each":
		open := func(_ context.Context, config string) (*hand, error) { return s.opening(config) }
		stage = vimap.OpenWith(open).Close(s.closing).Do(s.handed).Each(configs...)
	case "bulk":
		stage = vimap.Bulk(s.size, time.Millisecond, s.batch).Workers(s.workers)
	case "loop":
		stage = vimap.LoopFunc(func(feed *vimap.Feed[int, int]) error { return s.loop(feed, "") }).Workers(s.workers)
	case "loop each":
		stage = vimap.Loop(s.loop).Each(configs...)
	default:
		stage = s.children()
	}
	stage = stage.Named(s.name).StuckLimit(1 << 20).Restart(retry.Fixed(time.Millisecond).Attempts(3))
	if s.keys > 0 {
		stage = stage.KeyBy(func(v int) int { defer s.enter("key of " + s.name)(); return v % s.keys })
	}
	if s.retried {
		stage = stage.Retry(retry.Fixed(time.Millisecond).Attempts(attempts).If(func(error) bool {
			defer s.enter("condition of " + s.name)()
			return true
		}))
	}
	if s.limit > 0 {
		stage = stage.Timeout(s.limit)
	}
	if s.next != nil {
		return stage.Then(s.next.stage())
	}
	return stage
}

// sequence is what a FlatMap makes of a number.
func (s *Step) sequence(v int) iter.Seq[int] {
	return func(yield func(int) bool) {
		defer s.enter(s.name)()
		verdict := s.verdict(v)
		for _, out := range verdict.outs {
			if !yield(out) {
				return
			}
		}
		s.dies(verdict)
	}
}

// dies ends the goroutine if the verdict says so.
func (s *Step) dies(verdict verdict) {
	if verdict.deed != "" {
		s.crew.faults.Add(1)
		die(verdict.deed)
	}
}

// add appends the step to a pipeline.
func (s *Step) add(p vimap.Pipeline[int, int], pools *pools) vimap.Pipeline[int, int] {
	switch s.kind {
	case "map":
		return p.Map(func(v int) int {
			defer s.enter(s.name)()
			verdict := s.verdict(v)
			s.dies(verdict)
			return verdict.outs[0]
		})
	case "try":
		return p.Try(func(v int) (int, error) {
			defer s.enter(s.name)()
			verdict := s.verdict(v)
			s.dies(verdict)
			if verdict.deed != "" {
				return 0, errInjected
			}
			return verdict.outs[0], nil
		})
	case "filter":
		return p.Filter(func(v int) bool {
			defer s.enter(s.name)()
			verdict := s.verdict(v)
			s.dies(verdict)
			return len(verdict.outs) > 0
		})
	case "flatmap":
		return p.FlatMap(s.sequence)
	case "rescue":
		return p.Rescue(s.rescue)
	case "tap":
		return p.Tap(func(v int) { defer s.enter(s.name)(); s.dies(s.verdict(v)) })
	case "sample":
		return p.Sample(s.share(), uint64(s.salt))
	}
	if s.together() {
		return s.addSeveral(p)
	}
	stage := s.stage()
	if s.pooled {
		stage = pools.of(stage)
	}
	if !s.zipped {
		return p.Via(stage)
	}
	return p.Via(vimap.Zip(stage)).Map(func(pair vimap.Pair[int, int]) int {
		want := pair.In
		for _, part := range s.parts() {
			want = part.verdict(want).outs[0]
		}
		if want != pair.Out {
			s.report("zip: %d stands beside %d instead of %d in %s", pair.In, pair.Out, want, s.name)
		}
		return pair.Out
	})
}
