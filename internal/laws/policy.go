package laws

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/vimap-go/vimap"
)

// givesBack is the deed of a rescue that leaves a failure as it was.
const givesBack = "gives back"

// rescue is what a rescue makes of a failed item.
func (s *Step) rescue(item int, err error) (int, error) {
	defer s.enter(s.name)()
	verdict := s.verdict(item)
	if verdict.deed == givesBack {
		return 0, err
	}
	s.dies(verdict)
	if verdict.deed != "" {
		return 0, errInjected
	}
	return verdict.outs[0], nil
}

// policy is what a program does about failed items at its end.
type policy struct {
	letters  bool // they are dead letters
	tolerate int  // how many of them; -1: any number. Only with letters, which tell of them
}

func drawPolicy(d Draws) policy {
	if !d.oneIn(3) {
		return policy{}
	}
	return policy{letters: true, tolerate: pick(d, -1, -1, 0, d(1, 50))}
}

// String is one line.
func (y policy) String() string {
	return fmt.Sprintf("dead letters %v, tolerates %d", y.letters, y.tolerate)
}

// judge adds the policy to a pipeline.
func (p *Program) judge(chain vimap.Pipeline[int, int]) vimap.Pipeline[int, int] {
	if !p.letters {
		return chain
	}
	if p.tolerate >= 0 {
		chain = chain.Tolerate(p.tolerate)
	}
	return chain.DeadLetters(p.keep)
}

// keep takes the dead letters. It runs in turn with the loop over the run.
func (p *Program) keep(letters iter.Seq[vimap.DeadLetter[int]]) error {
	defer p.enter("the dead letters")()
	for letter := range letters {
		o := p.failure(letter.Err)
		o.in = letter.In
		p.dead = append(p.dead, o)
		if p.zip {
			p.done.Add(1)
		}
	}
	p.deadEnds++
	return nil
}

// checkPolicy looks at the dead letters, and at the end that too many of them
// made.
func (p *Program) checkPolicy(s *seen, want []outcome) {
	if !p.letters {
		return
	}
	if p.deadEnds != 1 && kindOf(s.err) != "cause" { // a run that is cancelled before its beginning has none
		p.report("said: the sink of dead letters ended %d times", p.deadEnds)
	}
	taken := int64(len(p.dead))
	if n := len(s.got); (s.ended == "panic error" && !p.other.is || s.ended == "goexit") && n > 0 && s.got[n-1].fault != "" {
		taken-- // the loop that was given it as well did not come back
	}
	if s.stats.Failed != taken {
		p.report("conservation: %d dead letters, stats say %+v", len(p.dead), s.stats)
	}
	failures := slices.DeleteFunc(slices.Clone(want), func(o outcome) bool { return o.fault == "" })
	if p.ordered {
		if len(p.dead) > len(failures) || !slices.Equal(failures[:len(p.dead)], p.dead) {
			p.reportFirst("order of dead letters", failures, p.dead)
		}
	} else if extra := beyond(p.dead, failures); len(extra) > 0 {
		p.report("conservation: %d dead letters that there are not, such as %+v", len(extra), extra[0])
	}
	if missing := beyond(failures, p.dead); p.known(s) && len(missing) > 0 {
		p.report("conservation: %d dead letters are missing, such as %+v", len(missing), missing[0])
	}
	var many *vimap.TooManyFailuresError
	switch {
	case !p.zip || p.tolerate < 0:
	case errors.As(s.err, &many):
		if many.Failed != int64(p.tolerate+1) || len(p.dead) != p.tolerate+1 {
			p.report("said: %v, with %d dead letters", many, len(p.dead))
		}
		if first := p.failure(many.First); first.index != p.dead[0].index && p.form != "merge" || first.fault != p.dead[0].fault {
			p.report("said: %+v is not the first failure, %+v is", first, p.dead[0])
		}
	case max(p.batch, p.other.batch) > 0 && s.ended != "" && s.ended != "stop":
		// The batch that it was left with may have been handed over for the failure.
	case len(p.dead) > p.tolerate && s.failedBy() == "":
		p.report("said: %d failures and no error", len(p.dead))
	}
}
