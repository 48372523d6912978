package process

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/engine"
)

// parent is the state of a worker whose work is done by a child.
type parent[In, Out any] struct {
	*child
	ins    coder[In]
	outs   coder[Out]
	unhook func() bool // ends that the end of the stage interrupts

	hand    []sent // what the child has, from next on
	next    int
	bytes   int // of what the child has
	missed  int // of what was sent last: what its pipe has not taken
	done    []engine.Outcome[Out]
	limit   time.Duration // that the child was told
	served  int           // since it was opened
	since   time.Time     // that the child works on the oldest, as far as one listened
	left    time.Time     // that nobody listens to it
	asked   bool          // what is not begun was asked back since
	asking  int           // how many answers to that, and to a stop, are still to come
	looked  time.Time     // at the memory
	room    int
	perItem time.Duration
	back    int
}

// sent is an input in the hand of a child.
type sent struct {
	size int
	err  error // why it was not sent
}

const (
	// ahead is how much work a child has, as far as the past tells.
	ahead = time.Millisecond
	// askAfter is how long the oldest input may take before the child is asked
	// to give back those behind it.
	askAfter = 3 * time.Millisecond
	// mostBytes is how much may be on its way to a child.
	mostBytes = 4 << 20
	// mostOut is from where on inputs are written before there are all of a turn.
	mostOut = 1 << 20
)

// open starts a child and opens its worker.
func open[Config, In, Out any](ctx context.Context, h *house, config Config) (*parent[In, Out], error) {
	for _, check := range []func() error{func() error { return ready(h.kind.name) }, h.kind.check} {
		if err := check(); err != nil {
			if e, ok := errors.AsType[*Error](err); ok {
				e.Worker = h.kind.name
			}
			return nil, err
		}
	}
	c := newCoder[Config](h.kind.codec)
	encoded, err := c.append(nil, &config)
	if err != nil {
		return nil, h.named(err)
	}
	told, err := cborCodec{}.Append(nil, opening{h.kind.name, encoded})
	if err != nil {
		return nil, h.named(err)
	}
	var ahead []byte // what a spare is opened with, if all are alike
	if _, alike := any(config).(struct{}); alike {
		ahead = told
	}
	with, isOpen, err := h.take(ctx, ahead)
	if err != nil {
		return nil, err
	}
	p := &parent[In, Out]{
		child: with, room: 1,
		ins: newCoder[In](h.kind.codec), outs: newCoder[Out](h.kind.codec),
	}
	with.watch(ctx)
	if !isOpen {
		err = p.opened(told, time.Time{})
	}
	if err != nil {
		if with.isInterrupted() {
			err = context.Cause(ctx)
		}
		with.giveUp()
		return nil, err
	}
	// An opening's context may end with the opening; what is left is the stage's.
	p.resume()
	p.unhook = engine.OnEnd(ctx, with.over)
	return p, nil
}

// named gives an error its worker.
func (h *house) named(err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Worker = h.kind.name
	}
	return err
}

// do has the child work on one input alone.
func (p *parent[In, Out]) do(ctx context.Context, in In) (out Out, err error) {
	var limit time.Duration
	if until, ok := ctx.Deadline(); ok {
		limit = max(time.Nanosecond, time.Until(until))
	}
	if ctx.Err() != nil {
		return out, p.unsent(ctx)
	}
	p.watch(ctx)
	done, back, err := p.step(ctx, limit, []In{in})
	p.resume()
	switch {
	case len(done) > 0:
		return done[0].Out, done[0].Err
	case back > 0 && err == nil && (ctx.Err() != nil || p.isFinished()):
		return out, p.unsent(ctx)
	case errors.Is(err, errTick): // while it was written
		err = p.lose(TimedOut, fmt.Errorf("it does not read its input: %w", context.Cause(ctx)))
	case err == nil:
		err = p.lose(BadProtocol, errors.New("it gave back the input that it works on"))
	}
	if _, unbegun := errors.AsType[*engine.UnbegunError](err); unbegun {
		return out, err
	}
	return out, vimap.Lost(err)
}

// unsent is the error of an input whose context ended before the child began it.
func (p *parent[In, Out]) unsent(ctx context.Context) error {
	switch {
	case ctx.Err() == nil: // the stage ends a moment before it
		return context.Canceled
	case !errors.Is(ctx.Err(), context.DeadlineExceeded):
		return context.Cause(ctx)
	}
	return p.house.error(TimedOut, p.child, fmt.Errorf("its time was over before it began: %w", context.Cause(ctx)))
}

// Room is that of engine.Several.
func (p *parent[In, Out]) Room() int {
	most := p.house.InFlight
	if p.house.kind.alone {
		return 1
	}
	if p.house.Recycle > 0 {
		most = min(most, p.house.Recycle-p.served)
	}
	if p.bytes > mostBytes || p.asked || p.asking > 0 { // what was given back is for others
		return len(p.hand) - p.next
	}
	return max(1, min(p.room, most))
}

// Turn is that of engine.Several.
func (p *parent[In, Out]) Turn(limit time.Duration, ins []In) ([]engine.Outcome[Out], int, error) {
	return p.step(none, limit, ins)
}

func (p *parent[In, Out]) inHand() int { return len(p.hand) - p.next }

// none is the context of several inputs: they end with the stage.
var none = context.Background()

// step sends inputs and waits for the next outcomes. ctx is that of the only
// input, none if there may be several.
func (p *parent[In, Out]) step(ctx context.Context, limit time.Duration, ins []In) ([]engine.Outcome[Out], int, error) {
	clear(p.done)
	p.done, p.back = p.done[:0], 0
	now := time.Now()
	if p.inHand() == 0 {
		if err := p.spent(now); err != nil {
			p.dropUnsent(len(ins))
			return nil, 0, err
		}
		p.since, p.asked = now, false
	} else { // while other steps ran nobody has heard what it has said
		p.since = p.since.Add(now.Sub(p.left))
	}
	begun := now
	err := p.send(limit, ins)
	for err == nil && len(p.done) == 0 && p.back == 0 && p.inHand() > 0 {
		err = p.hear(ctx, limit)
	}
	p.left = time.Now()
	if n := len(p.done); n > 0 {
		p.served += n
		p.pace(n, p.left.Sub(begun))
		p.since, p.asked = p.left, false
	}
	if err != nil {
		return p.blame(err)
	}
	return p.done, p.back, nil
}

// dropUnsent forgets inputs that were not sent: the hand is empty.
func (p *parent[In, Out]) dropUnsent(int) { p.hand, p.next, p.bytes = p.hand[:0], 0, 0 }

// pace sets how many inputs the child is to have: what takes about a
// millisecond, and at most twice as many as before.
func (p *parent[In, Out]) pace(n int, took time.Duration) {
	each := max(took/time.Duration(n), 1)
	if p.perItem == 0 {
		p.perItem = each
	}
	p.perItem += (each - p.perItem) / 4
	p.room = max(1, min(2*p.room, int(ahead/max(p.perItem, 1))))
}

// spent says why a child that has nothing in hand is to be replaced.
func (p *parent[In, Out]) spent(now time.Time) error {
	unbegun := func(planned bool, err error) error {
		return &engine.UnbegunError{Err: err, Served: p.served > 0, Planned: planned}
	}
	switch {
	case p.cause != nil:
		return unbegun(false, p.cause)
	case p.isOver():
		return unbegun(false, p.died())
	case p.house.Recycle > 0 && p.served >= p.house.Recycle:
		return unbegun(true, fmt.Errorf("process %q (pid %d) is replaced after %d inputs", p.name, p.pid, p.served))
	case p.house.Memory > 0 && p.served > 0 && now.Sub(p.looked) > tick/5:
		p.looked = now
		if has := resident(p.pid); has > p.house.Memory/4*3 {
			return unbegun(true, fmt.Errorf("process %q (pid %d) is replaced: it has %d MB of the %d MB that it may have",
				p.name, p.pid, has>>20, p.house.Memory>>20))
		}
	}
	return nil
}

// hear takes what the child has said, or waits until it says something.
func (p *parent[In, Out]) hear(ctx context.Context, limit time.Duration) error {
	for p.inHand() > 0 && p.hand[p.next].err != nil {
		p.settle(engine.Outcome[Out]{Err: p.hand[p.next].err})
	}
	if p.inHand() == 0 || len(p.done) > 0 {
		return nil
	}
	kind, payload, owned, err := p.receive(p.waitUntil(limit))
	if errors.Is(err, errTick) {
		return p.nothing(ctx, limit)
	}
	for {
		if err != nil {
			return err
		}
		if err := p.take(kind, payload, owned); err != nil {
			return err
		}
		var ok bool
		if kind, payload, owned, ok, err = p.from.next(); err != nil {
			return p.lose(BadProtocol, err)
		}
		if !ok {
			return nil
		}
	}
}

// waitUntil returns until when the child may be silent before one looks after
// it; zero is for ever.
func (p *parent[In, Out]) waitUntil(limit time.Duration) (t time.Time) {
	if p.inHand() > 1 && !p.asked && p.asking == 0 {
		return p.since.Add(askAfter)
	}
	if p.house.Memory > 0 {
		return time.Now().Add(tick)
	}
	if limit > 0 && p.house.kind.alone {
		return p.since.Add(limit)
	}
	if limit > 0 {
		return p.since.Add(limit + p.house.heed() + time.Millisecond)
	}
	return t
}

// nothing looks after a child that says nothing.
func (p *parent[In, Out]) nothing(ctx context.Context, limit time.Duration) error {
	if p.isInterrupted() {
		if ctx == none || p.cause != nil {
			return errTick
		}
		return p.stop(ctx, limit)
	}
	if p.inHand() > 1 && !p.asked && p.asking == 0 {
		p.asked = true
		p.asking++
		p.out = appendFrame(p.out, frameBack, nil)
		return p.write(p.checker())
	}
	if limit > 0 && p.house.kind.alone && time.Since(p.since) >= limit { // it has no clock of its own
		over, cancel := context.WithDeadline(none, past)
		defer cancel()
		return p.stop(over, limit)
	}
	return p.check(limit)
}

// stop tells the child that the context of what it works on has ended, and ends
// it if it does not heed that.
func (p *parent[In, Out]) stop(ctx context.Context, limit time.Duration) error {
	p.resume()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		p.overdue = limit
		defer func() { p.overdue = 0 }()
	}
	p.out = appendFrame(p.out, frameStop, nil)
	p.asking++ // it gives back what it has not begun
	until := time.Now().Add(p.house.heed())
	if err := p.write(func() error {
		if time.Now().After(until) {
			return errTick
		}
		return nil
	}); err != nil && !errors.Is(err, errTick) {
		return err
	}
	for len(p.done) == 0 && p.back == 0 {
		kind, payload, owned, err := p.receive(until)
		switch {
		case errors.Is(err, errTick) && time.Now().Before(until): // interrupted once more
			p.resume()
			continue
		case errors.Is(err, errTick) && errors.Is(ctx.Err(), context.DeadlineExceeded):
			return p.late(limit)
		case errors.Is(err, errTick):
			return p.lose(TimedOut, fmt.Errorf("it goes on after the end of its context: %w", context.Cause(ctx)))
		case err != nil:
			return err
		case kind == frameGone: // a loop, which ends with its context
			return p.lose(TimedOut, fmt.Errorf("it ended with its context: %w", context.Cause(ctx)))
		}
		if err := p.take(kind, payload, owned); err != nil {
			return err
		}
	}
	return nil
}

// take takes one frame.
func (p *parent[In, Out]) take(kind frameKind, payload []byte, owned bool) error {
	for p.inHand() > 0 && p.hand[p.next].err != nil {
		p.settle(engine.Outcome[Out]{Err: p.hand[p.next].err})
	}
	switch {
	case kind == frameOut && p.inHand() > 0:
		out, err := p.outs.decode(payload, owned)
		if err != nil { // it may be that what comes is garbage: then nothing behind it can be trusted
			return p.lose(BadEncoding, err)
		}
		p.settle(engine.Outcome[Out]{Out: out})
	case kind == frameFault && p.inHand() > 0:
		p.settle(engine.Outcome[Out]{Err: p.fault(payload)})
	case kind == frameUndone && len(payload) == 4:
		p.asking--
		return p.undone(int(binary.LittleEndian.Uint32(payload)))
	case kind == frameGone:
		err := p.fault(payload)
		p.cause = p.house.error(Returned, p.child, err)
		return &engine.UnbegunError{Err: err, Served: p.served > 0}
	default:
		return p.lose(BadProtocol, fmt.Errorf("a frame of kind %d comes when %d inputs are with it", kind, p.inHand()))
	}
	return nil
}

// undone takes back the newest inputs: those that the child has not begun, and
// those between them that were never sent.
func (p *parent[In, Out]) undone(n int) error {
	for n > 0 {
		if p.inHand() == 0 {
			return p.lose(BadProtocol, errors.New("it gives back more than it has"))
		}
		one := p.hand[len(p.hand)-1]
		p.hand = p.hand[:len(p.hand)-1]
		p.bytes -= one.size
		p.back++
		if one.err == nil {
			n--
		}
	}
	return nil
}

// settle gives the oldest input its outcome.
func (p *parent[In, Out]) settle(o engine.Outcome[Out]) {
	p.bytes -= p.hand[p.next].size
	if p.next++; p.next > len(p.hand)/2 { // half of it is behind us
		p.hand, p.next = append(p.hand[:0], p.hand[p.next:]...), 0
	}
	p.done = append(p.done, o)
}

// blame gives the loss of the child its consequence. One input alone is
// charged; several are tried again one by one.
func (p *parent[In, Out]) blame(err error) ([]engine.Outcome[Out], int, error) {
	left := p.inHand()
	if _, unbegun := errors.AsType[*engine.UnbegunError](err); unbegun || errors.Is(err, errTick) {
		return p.done, p.back, err
	}
	if left == 1 && p.back == 0 && len(p.done) == 0 {
		if size := p.hand[p.next].size; max(p.unheard, unread(p.to))+p.missed >= size+headerSize { // it never had it
			p.dropUnsent(1)
			return nil, 0, &engine.UnbegunError{Err: err, Served: p.served > 0}
		}
		p.settle(engine.Outcome[Out]{Err: vimap.Lost(err)})
	}
	return p.done, p.back, err
}
