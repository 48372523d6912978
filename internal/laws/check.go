package laws

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/vimap-go/vimap"
)

// Report is what came of a program.
type Report struct {
	Items, Faults int64
	Violations    []string
}

// Check runs the program and returns what it did, and which promises were not
// kept. It must end before ctx does. wait waits until everything is asleep, in
// fake time; it may be nil.
func (p *Program) Check(ctx context.Context, wait func()) Report {
	before := goroutines()
	pools := &pools{ctx: ctx}
	s := p.run(ctx, pools)
	if n := p.inside.Load(); n != 0 {
		p.report("quiet: %d functions run after the end", n)
	}
	p.closeAll(pools)
	if s.stats.Stuck > 0 || p.breaks == "deaf" {
		time.Sleep(time.Minute) // until those that were abandoned have come back
	} else {
		p.over.Store(true)
	}
	if wait != nil {
		wait()
	}
	if left := leftSince(before); left != "" {
		p.report("quiet: goroutines are left behind:\n%s", left)
	}
	if ctx.Err() != nil {
		p.report("prompt end: the program did not end:\n%v", s.stats)
	}
	for _, part := range p.parts() {
		if p.serial {
			part.held(1)
		} else {
			part.held(part.workers)
		}
	}
	if p.form == "merge" { // the order of the items is a matter of time
		p.ordered = false
		p.forget(s.got, p.dead, p.other.got)
	}
	p.checkErrors(s)
	p.checkStats(s)
	p.checkOther(s)
	p.checkOutcomes(s)
	p.checkPrompt(s)
	return Report{s.stats.Read, p.faults.Load(), p.wrong}
}

// outcomeOf is a result in the words of the model.
func (p *Program) outcomeOf(result vimap.Result[int, int]) outcome {
	o := outcome{index: result.Index, in: result.In}
	if result.Err == nil {
		o.out = result.Out
		return o
	}
	failed := p.failure(result.Err)
	failed.in = result.In
	if failed.index != result.Index {
		p.report("said: the error of item %d names %d", result.Index, failed.index)
	}
	return failed
}

// failure reads what the error of an item says.
func (p *Program) failure(err error) outcome {
	var item *vimap.ItemError
	if !errors.As(err, &item) {
		p.report("said: %T is the error of an item: %v", err, err)
		return outcome{fault: err.Error()}
	}
	o := outcome{index: item.Index, stage: item.Stage, fault: heard(item.Err), attempts: item.Attempts}
	o.input, _ = item.Input.(int)
	if line, is := item.Input.(string); is && p.bare {
		o.input, _ = strconv.Atoi(line)
	}
	if item.Place != p.placed(item.Index) {
		p.report("said: item %d is at %q, not %q", item.Index, p.placed(item.Index), item.Place)
	}
	if item.Stage == "rescue" {
		if len(item.Earlier) == 0 {
			p.report("said: what was to be rescued is lost in %v", err)
		}
	} else if len(item.Earlier) != item.Attempts-1 {
		p.report("said: %d earlier errors of %d attempts", len(item.Earlier), item.Attempts)
	}
	return o
}

// complete says that nothing but the end of the items, or Stop, ended the run.
func (p *Program) complete(s *seen) bool {
	return s.failedBy() == "" && (s.ended == "" || s.ended == "stop")
}

// known says that what came of the run can be told from how many items it read.
func (p *Program) known(s *seen) bool {
	return p.complete(s) && (!p.scattered() || int(s.stats.Read) == p.all())
}

// cutShort says that the run ended before all that was read was worked off.
func (p *Program) cutShort(s *seen) bool {
	return !p.complete(s) || s.ended != "" && s.ended != "stop"
}

func (p *Program) checkStats(s *seen) {
	st := s.stats
	for i := range st.Stages {
		g := &st.Stages[i]
		if left := g.Started - g.Done - g.Failed - g.Filtered; left < 0 || left > 0 && p.complete(s) {
			p.report("conservation: stage %q (%s) does not add up: %+v", g.Name, g.Role, g.Tally)
		}
	}
	if st.Read+st.Extra != st.Delivered+st.Failed+st.Filtered+st.Unfinished || st.Unfinished < 0 {
		p.report("conservation: stats do not add up: %+v", st)
	}
	var delivered, failed int64
	for _, o := range s.got {
		if o.fault == "" {
			delivered++
		} else {
			failed++
		}
	}
	if p.zip && p.letters {
		failed = int64(len(p.dead))
	} else if s.failedBy() == "item" {
		failed++
	}
	if s.ended == "panic error" || s.ended == "goexit" { // nobody can say whether the last was taken
		if st.Delivered+st.Failed == delivered+failed-int64(s.last) {
			return
		}
	}
	if held := max(p.batch, p.other.batch); p.other.is && held > 0 && p.cutShort(s) && st.Failed == failed {
		if least := delivered - int64(held); st.Delivered >= least { // one sink has in a batch what the other still gathers
			return
		}
	}
	if st.Delivered != delivered || st.Failed != failed {
		p.report("conservation: %d delivered and %d failed, stats say %+v", delivered, failed, st)
	}
}

// compare compares by everything.
func compare(a, b outcome) int {
	return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.in, b.in), cmp.Compare(a.out, b.out), cmp.Compare(a.stage, b.stage),
		cmp.Compare(a.fault, b.fault), cmp.Compare(a.input, b.input), cmp.Compare(a.attempts, b.attempts))
}

// checkOutcomes compares what came with what the model says of the items read.
func (p *Program) checkOutcomes(s *seen) {
	n := int(s.stats.Read)
	if p.scattered() {
		n = p.all()
	}
	e := interpret(p.chain, p.items(n))
	want := e.outcomes
	if p.form == "merge" {
		p.forget(want)
	}
	spent := slices.ContainsFunc(p.chain, e.spent)
	cut := spent && p.has(func(s *Step) bool { return s.kind == "flatmap" || s.kind == "chunk" }) // which make no more then
	p.checkFailure(s, want)
	p.checkPolicy(s, want)
	if p.zip {
		want = slices.Clone(want)
		if p.letters { // they are passed over
			want = slices.DeleteFunc(want, func(o outcome) bool { return o.fault != "" })
		}
		for i := range want {
			want[i].index = 0 // Zip does not say it
		}
	}
	got := s.got
	if p.ordered {
		if len(got) > len(want) || !slices.Equal(want[:len(got)], got) {
			p.reportFirst("order", want, got)
		}
	} else if extra := beyond(got, want); len(extra) > 0 {
		p.report("conservation: %d outcomes that there are not, such as %+v", len(extra), extra[0])
	}
	if p.complete(s) && s.ended == "" && int(s.stats.Read) != p.all() && !spent && p.stops == 0 {
		p.report("conservation: %d of %d items were read", s.stats.Read, p.all())
	}
	if !p.known(s) {
		return
	}
	if missing := beyond(want, got); len(missing) > 0 {
		p.report("conservation: %d outcomes are missing, such as %+v", len(missing), missing[0])
	}
	if !cut && (s.stats.Filtered != e.filtered || s.stats.Rescued != e.rescued) || s.stats.Unfinished != 0 {
		p.report("conservation: %d filtered and %d rescued, stats say %+v", e.filtered, e.rescued, s.stats)
	}
	for part, order := range e.orders {
		if !cut && p.form != "merge" && !maps.EqualFunc(order, part.orders(), slices.Equal) {
			p.report("order: within the keys of %s", part.name)
		}
	}
}

// checkFailure looks at the failure that ended a Zip.
func (p *Program) checkFailure(s *seen, want []outcome) {
	if s.failedBy() != "item" {
		return
	}
	failed := p.failure(s.failures()[0])
	if p.form == "merge" {
		failed.index = 0
	}
	same := func(o outcome) bool { o.in = 0; return o == failed }
	first := slices.IndexFunc(want, func(o outcome) bool { return o.fault != "" })
	switch {
	case !p.zip:
		p.report("said: a failure ended Results: %v", s.err)
	case !slices.ContainsFunc(want, same):
		p.report("said: the run ended with %+v", failed)
	case p.ordered && (first != len(s.got) || !same(want[first])):
		p.report("order: %+v is not the first failure", failed)
	}
}

func (p *Program) reportFirst(law string, want, got []outcome) {
	for i, o := range got {
		if i >= len(want) {
			p.report("%s: %+v is one too many", law, o)
			return
		}
		if o != want[i] {
			p.report("%s: outcome %d is %+v instead of %+v", law, i, o, want[i])
			return
		}
	}
}

// beyond returns what there is more of in some than in all.
func beyond(some, all []outcome) (extra []outcome) {
	times := map[outcome]int{}
	for _, o := range all {
		times[o]++
	}
	for _, o := range some {
		if times[o]--; times[o] < 0 {
			extra = append(extra, o)
		}
	}
	slices.SortFunc(extra, compare)
	return extra
}

// checkPrompt holds that the run was over soon after its end was called for.
func (p *Program) checkPrompt(s *seen) {
	most := 5 * time.Second
	if p.fake {
		most = 2 * time.Millisecond // a source of many items pauses for one
		if p.breaks == "deaf" || p.has(func(s *Step) bool { return slices.Contains(s.faults, "stuck") && s.rate > 0 }) {
			most = 2 * time.Second
		}
	}
	if s.ended != "" && s.ended != "stop" && s.took > most {
		p.report("prompt end: %v after it was called for", s.took)
	}
}
