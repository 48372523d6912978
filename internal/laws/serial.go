package laws

import "slices"

// Serial has the program be one for a serial run, and returns it: everything is
// in source order and one at a time, a Goexit would be the end of the caller, and
// nothing is abandoned.
func (p *Program) Serial() *Program {
	p.serial, p.ordered = true, true
	not := func(fault string) bool { return slices.Contains([]string{"goexit", "stuck", "deaf"}, fault) }
	instead := func(fault *string, with string) {
		if not(*fault) {
			*fault = with
		}
	}
	for _, s := range p.parts() {
		s.serial = true
		s.setPooled(false)
		s.faults = slices.DeleteFunc(slices.Clone(s.faults), not)
		instead(&s.shuts, "error")
	}
	if p.breaks == "deaf" {
		p.breaks = "blocks"
	}
	instead(&p.breaks, "error")
	instead(&p.way, "error")
	return p
}
