package engine

// Rescue adds a step that takes what failed before it: fn makes an output of
// the item and its error, or an error. It begins behind a ring, in the workers
// that pull from there, so that everything before it has had its say.
func Rescue[T, In any](f *Flow[T], origins *Store[In], name string, fn func(In, Meta) (out T, same bool, err error)) *Flow[T] {
	step := &Step{name}
	begins := boundary(f.seg, f.ringFor)
	around := func(mk maker[T]) maker[T] {
		return func(x *Exec) Handler[T] {
			do := mk(x)
			x.rescue = func() {
				m := x.g.seg.meta(x.slot)
				var in In
				if origins != nil {
					in = *origins.At(x.slot)
				}
				x.at = step
				out, same, err := fn(in, m)
				switch {
				case same:
					x.tally.passed++
					x.out.pass(x.slot, Failed)
				case err != nil:
					x.fail(&Failure{Stage: name, Input: in, HasInput: true, Attempts: 1, Earlier: m.Fail.all(), Err: err})
				default:
					*x.g.seg.failure(x.slot) = nil
					x.g.run.stats.rescued.Add(1)
					do(x, out)
				}
			}
			return do
		}
	}
	return &Flow[T]{seg: f.seg, origin: &originOf[T]{
		pulls: func(g *Group, mk maker[T], one *oneByOne) { begins.pull(g, around(mk), one) },
		ends:  func(mk maker[T]) []*Group { return begins.end(around(mk)) },
		serials: func(mk maker[T]) {
			d := newDoor(f.seg, around(mk))
			f.serial(toward(d.take))
		},
	}}
}
