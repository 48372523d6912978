package laws

import (
	"errors"
	"slices"

	"github.com/vimap-go/vimap"
)

// failures are the errors that the run's error joins.
func (s *seen) failures() []error {
	if s.err == nil {
		return nil
	}
	if _, whole := s.err.(*vimap.NoWorkersError); whole { //nolint:errorlint // it is about this error, not what it wraps
		return []error{s.err}
	}
	if joined, ok := s.err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{s.err}
}

// kindOf is what an error that a run can end with is about.
func kindOf(err error) string {
	switch e := err.(type) { //nolint:errorlint // a SourceError may wrap any other
	case *vimap.ItemError:
		return "item"
	case *vimap.TooManyFailuresError:
		return "too many"
	case *vimap.SourceError:
		return "source"
	case *vimap.NoWorkersError:
		return "no workers"
	case *vimap.StuckError:
		return "stuck"
	case *vimap.WorkerError:
		return e.Phase
	}
	if errors.Is(err, errEnd) {
		return "cause"
	}
	return err.Error()
}

// failedBy is what ended the run: the kind of its first error, without what is
// only told besides.
func (s *seen) failedBy() string {
	for _, err := range s.failures() {
		if kind := kindOf(err); kind != "close" && kind != "stuck" {
			if kind == "source" {
				return "" // at its end, after all items
			}
			return kind
		}
	}
	return ""
}

// checkErrors looks at the errors of the run as a whole.
func (p *Program) checkErrors(s *seen) {
	kinds := map[string]int{}
	for _, err := range s.failures() {
		kinds[kindOf(err)]++
	}
	early := s.ended != "" && s.ended != "cancel" && s.ended != "stop"
	never := p.has(func(s *Step) bool { return s.opens == "every" })
	cancelled := s.ended == "cancel" || p.after > 0
	for _, err := range s.failures() {
		p.checkError(s, err, map[string]bool{
			"item": p.zip && !early && !p.letters, "too many": p.zip && !early && p.letters && p.tolerate >= 0, "source": p.breaks != "" && !early, "no workers": never,
			"cause": cancelled, "close": true, "stuck": s.stats.Stuck > 0 || p.breaks == "deaf",
		})
	}
	takes := p.stops > 0 || p.has(func(s *Step) bool { return s.kind == "take" }) // and may have had enough before
	interrupted := kinds["cause"]+kinds["item"]+kinds["too many"] > 0 || early || takes
	switch {
	case s.ended == "cancel" && kinds["cause"]+kinds["item"]+kinds["too many"]+kinds["no workers"] == 0:
		p.report("prompt end: the cause is missing in %v", s.err)
	case never && !interrupted && kinds["no workers"] == 0:
		p.report("said: no worker opens, and the error is %v", s.err)
	case never && s.stats.Read > 0:
		p.report("open: %d items were read and no worker is open", s.stats.Read)
	case p.breaks != "" && !slices.Contains([]string{"blocks", "deaf"}, p.breaks) && s.ended == "" && !interrupted && !never && kinds["source"] != 1:
		p.report("said: the source broke, and the error is %v", s.err)
	}
	p.checkClosings(s, kinds["close"])
	p.checkSaid(s)
}

func (p *Program) checkError(s *seen, err error, allowed map[string]bool) {
	kind := kindOf(err)
	if !allowed[kind] {
		p.report("said: %v ended the run, by its end %q", err, s.ended)
	}
	var worker *vimap.WorkerError
	switch {
	case kind == "source" && !errors.Is(err, errSource) && (p.breaks == "error" || p.breaks == "blocks"):
		p.report("said: the source's error is lost in %v", err)
	case kind == "no workers" && !errors.Is(err, vimap.ErrNoWorkers):
		p.report("said: %v is not an ErrNoWorkers", err)
	case kind == "close" && errors.As(err, &worker) && !p.has(func(s *Step) bool { return s.name == worker.Stage }):
		p.report("said: there is no stage %q", worker.Stage)
	}
}

// checkClosings holds that each failure to close is told once. A loop that can't
// be set up when all is over already is told of in the same way.
func (p *Program) checkClosings(s *seen, told int) {
	least, more := 0, 0
	for _, part := range p.parts() {
		least += int(part.unclosed.Load())
		if part.kids != nil {
			more += part.untold
		}
		if part.opens != "" {
			more += int(part.openings.Load())
		}
	}
	if s.stats.Stuck > 0 { // an abandoned worker is closed when nobody listens
		more, least = more+least, 0
	}
	if told < least || told > least+more {
		p.report("said: %d closings failed, %d are told of in %v", least, told, s.err)
	}
}

// checkSaid looks at what To returned.
func (p *Program) checkSaid(s *seen) {
	if !p.sink && !p.other.is {
		return
	}
	var panicked *vimap.PanicError
	switch s.ended {
	case "error":
		if !errors.Is(s.said, errSink) {
			p.report("said: the sink failed, and To returned %v", s.said)
		}
	case "panic error", "goexit":
		if !errors.As(s.said, &panicked) || !slices.Contains([]string{"panic error", "goexit"}, heardOfPanic(panicked)) {
			p.report("contained: the sink died, and To returned %v", s.said)
		}
	default:
		if (s.said == nil) != (s.err == nil) {
			p.report("said: To returned %v, Err %v", s.said, s.err)
		}
	}
}
