package process

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/engine"
)

// session is the child's side of the talk with its parent. What came is read
// in a goroutine of its own, so that the parent never waits to be heard.
type session struct {
	in  *frames
	out *os.File

	mu      sync.Mutex
	cond    *sync.Cond
	opening []byte          // what the parent sent to open the worker
	opens   context.Context // of the opening
	queue   []request
	next    int // in queue
	limit   time.Duration
	closing bool
	fragile bool            // the worker ends with the context of what is in hand
	stopped bool            // it has ended so
	ctx     context.Context // of what is in hand
	cancel  context.CancelFunc
	arena   []byte
	owed    []int // how many inputs were given back, as far as the parent does not know

	owing sync.Mutex // taken before mu and wmu

	wmu   sync.Mutex
	buf   []byte // answers that are not written
	timer *time.Timer
	armed bool
}

// request is an input that came.
type request struct {
	payload []byte
	owned   bool
	limit   time.Duration
	ctx     context.Context
}

// opening is what a child is told first.
type opening struct {
	Worker string `cbor:"1,keyasint"`
	Config []byte `cbor:"2,keyasint"`
}

const (
	// answerTime is how long an answer may lie in the child while it works on
	// the next input.
	answerTime = 200 * time.Microsecond
	answerSize = 32 << 10
	arenaSize  = 32 << 10
)

// childFaults make the errors of what is contained in a child.
var childFaults = &engine.Faults{
	Goexit: vimap.ErrGoexit,
	Panic:  func(value any, stack []byte) error { return &vimap.PanicError{Value: value, Stack: stack} },
}

// beChild is the whole life of a child. It returns the exit status.
func beChild(name string) int {
	in, out, err := childPipes()
	if err != nil {
		fmt.Fprintf(os.Stderr, "process: this is a child without a parent to talk to: %v\n", err)
		return 1
	}
	s := &session{in: newFrames(in), out: out}
	s.cond = sync.NewCond(&s.mu)
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.timer = time.AfterFunc(time.Hour, s.flushTimed)
	known.Lock()
	kind := known.kinds[name]
	known.Unlock()
	s.send(frameHello, []byte{version})
	s.flush()
	if kind == nil {
		s.fail(frameGone, &Error{Kind: Misused, Text: fmt.Sprintf("the child has no worker %q: it is defined only after process.Init, or in another program", name)})
		return 1
	}
	var wg sync.WaitGroup
	wg.Go(s.read)
	if !s.await() {
		return 0
	}
	kind.serve(s)
	s.flush()
	return 0
}

// read takes what the parent says, to the end.
func (s *session) read() {
	for {
		kind, payload, owned, ok, err := s.in.next()
		if err == nil && !ok {
			if err = s.in.fill(); err == nil {
				continue
			}
		}
		s.mu.Lock()
		if err != nil {
			if s.closing {
				s.mu.Unlock()
				return
			}
			endGroup() // the parent is gone, or not what it should be
		}
		s.hear(kind, payload, owned)
		s.mu.Unlock()
	}
}

// hear takes one frame. The caller holds mu.
func (s *session) hear(kind frameKind, payload []byte, owned bool) {
	switch kind {
	case frameOpen:
		s.opening, s.opens = append([]byte{}, payload...), s.ctx
	case frameItem:
		if !owned {
			payload = s.keep(payload)
		}
		s.queue = append(s.queue, request{payload, owned, s.limit, s.ctx})
	case frameLimit:
		s.limit = time.Duration(binary.LittleEndian.Uint64(payload))
	case frameBack:
		s.giveBack()
	case frameStop:
		s.cancel()
		s.ctx, s.cancel = context.WithCancel(context.Background())
		s.stopped = s.fragile
		s.giveBack()
	case frameClose:
		s.closing = true
	default: // what a later version may say
	}
	s.cond.Signal()
}

// keep copies what came to where it stays.
func (s *session) keep(payload []byte) []byte {
	if len(payload) > arenaSize/4 {
		return append([]byte(nil), payload...)
	}
	if len(s.arena)+len(payload) > cap(s.arena) {
		s.arena = make([]byte, 0, arenaSize)
	}
	at := len(s.arena)
	s.arena = append(s.arena, payload...)
	return s.arena[at:len(s.arena):len(s.arena)]
}

// giveBack says how many inputs are not begun, and forgets them.
func (s *session) giveBack() {
	n := len(s.queue) - s.next
	clear(s.queue)
	s.queue, s.next = s.queue[:0], 0
	// Another goroutine says so: who reads must not wait for the parent to read.
	s.owed = append(s.owed, n)
	s.timer.Reset(0)
}

// flushTimed is what the timer does.
func (s *session) flushTimed() {
	s.owing.Lock() // until it is said: who ends the process waits for that
	defer s.owing.Unlock()
	s.mu.Lock()
	owed := s.owed
	s.owed = nil
	s.mu.Unlock()
	for _, n := range owed {
		s.send(frameUndone, binary.LittleEndian.AppendUint32(nil, uint32(n)))
	}
	s.flush()
}

// await waits for the opening; false means that it is not wanted.
func (s *session) await() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.opening == nil && !s.closing {
		s.cond.Wait()
	}
	return s.opening != nil
}

// pop waits for the next input; false means that there is none to come.
func (s *session) pop() (r request, ok bool) {
	s.mu.Lock()
	for s.next == len(s.queue) {
		if s.closing || s.stopped {
			s.mu.Unlock()
			return r, false
		}
		s.mu.Unlock()
		s.flush()
		s.mu.Lock()
		if s.next == len(s.queue) && !s.closing && !s.stopped {
			s.cond.Wait()
		}
	}
	r = s.queue[s.next]
	s.queue[s.next] = request{}
	if s.next++; s.next > len(s.queue)/2 { // half of it is behind us
		left := copy(s.queue, s.queue[s.next:])
		clear(s.queue[left:])
		s.queue, s.next = s.queue[:left], 0
	}
	s.mu.Unlock()
	return r, true
}

// awaitClose waits until the parent has no more. What it has sent meanwhile it
// is given back when it says so.
func (s *session) awaitClose() {
	s.flush()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fragile, s.stopped = false, false
	for !s.closing {
		s.cond.Wait()
	}
}

// send puts a frame where it is written from.
func (s *session) send(kind frameKind, payload []byte) {
	s.wmu.Lock()
	s.buf = appendFrame(s.buf, kind, payload)
	s.wmu.Unlock()
}

// fail sends an error.
func (s *session) fail(kind frameKind, err error) { s.failAs(kind, faultOf(err)) }

func (s *session) failAs(kind frameKind, f fault) {
	payload, err := cborCodec{}.Append(nil, f)
	if err != nil { // a fault is made of what can be encoded
		panic(err)
	}
	s.send(kind, payload)
	s.wmu.Lock()
	s.soon()
	s.wmu.Unlock()
}

// soon has what there is be written before long. The caller holds wmu.
func (s *session) soon() {
	switch {
	case len(s.buf) >= answerSize:
		s.write()
	case !s.armed:
		s.armed = true
		s.timer.Reset(answerTime)
	}
}

// answer sends an output, soon.
func answer[Out any](s *session, c coder[Out], out *Out) {
	if raw, isRaw := c.bytes(out); isRaw && len(raw) >= largePayload {
		if len(raw) > mostPayload {
			s.fail(frameFault, tooLarge[Out](len(raw)))
			return
		}
		s.large(raw)
		return
	}
	if err := put(s, c, out); err != nil {
		s.fail(frameFault, err)
	}
}

// put puts an output where it is written from, however the codec ends.
func put[Out any](s *session, c coder[Out], out *Out) error {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	buf := appendHeader(s.buf, frameOut)
	at := len(buf)
	buf, err := c.append(buf, out)
	if err != nil {
		return err
	}
	s.buf = buf
	finish(s.buf, at)
	s.soon()
	return nil
}

// large writes an output from where it is.
func (s *session) large(raw []byte) {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	s.buf = appendHeader(s.buf, frameOut)
	binary.LittleEndian.PutUint32(s.buf[len(s.buf)-4:], uint32(len(raw)))
	s.write()
	s.writeAll(raw)
}

// flush writes what is to be written.
func (s *session) flush() {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	s.write()
}

// write is flush for who holds wmu.
func (s *session) write() {
	if len(s.buf) > 0 {
		s.writeAll(s.buf)
		s.buf = emptied(s.buf)
	}
	s.armed = false
}

func (s *session) writeAll(data []byte) {
	if _, err := s.out.Write(data); err != nil {
		endGroup() // nobody listens
	}
}
