package engine

// seat is what belongs to one worker of a stage, in one piece of memory. Where
// inline steps stand before or behind the stage, its puller or its outbox has
// another type and is allocated by itself.
type seat[In, Out any] struct {
	x    Exec
	hand hand[In, Out]
	pull puller[In]
	out  outbox[Out]
}

// seats makes the seats of a group, whatever their type.
type seats interface{ newSeat() *Exec }

// newSeat returns a worker to be built that has its task, its puller and its
// outbox at hand.
func (c *crew[In, Out]) newSeat() *Exec {
	s := new(seat[In, Out])
	s.x.task, s.x.pull, s.x.out = &s.hand, &s.pull, &s.out
	return &s.x
}

func (g *Group) seat() *Exec {
	if g.seats == nil {
		return new(Exec)
	}
	return g.seats.newSeat()
}
