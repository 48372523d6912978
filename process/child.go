package process

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

// house is what the children of a stage have in common.
type house struct {
	kind *kind
	Options
	mu     sync.Mutex
	broods map[any]*brood // the spares, by the stage in its run
}

func newHouse(k *kind, o Options) *house {
	return &house{kind: k, Options: o.checked("Children"), broods: map[any]*brood{}}
}

// child is the parent's side of the talk with a child. But for interrupt it is
// used on one goroutine.
type child struct {
	*proc
	house *house
	to    *os.File
	from  *frames
	out   []byte // frames that are not written
	rest  []byte // of a large value that is half written; it goes before
	lacks int    // how much of the last write the child's pipe has not taken

	mu          sync.Mutex
	interrupted bool
	closes      bool
	finished    bool        // the stage has ended
	limited     bool        // a write has a deadline
	watches     int         // counts them
	unwatch     func() bool // ends the last
	deadline    time.Time   // of reading, as it is set

	cause   error // why it is to be seen as lost, once it is
	unheard int   // what it had not read when it was ended
	ended   bool  // it was asked to end

	overdue time.Duration // the time limit that what it answers is behind; 0: none
}

// errTick says that a wait is over without a frame.
var errTick = errors.New("process: nothing came in time")

// spawn starts a child that goes as far as Init, and does not wait for that.
func (h *house) spawn() (*child, error) {
	path, err := ownPath()
	if err != nil {
		return nil, h.error(NotStarted, nil, err)
	}
	var pipes []*os.File
	for range 2 {
		r, w, err := os.Pipe()
		if err != nil {
			for _, f := range pipes {
				f.Close()
			}
			return nil, h.error(NotStarted, nil, err)
		}
		widen(w)
		pipes = append(pipes, r, w)
	}
	env := environment(append(slices.Clip(h.Env), envWorker+"="+h.kind.name, envDepth+"="+strconv.Itoa(depth()+1)))
	p, err := start(command{
		name: h.kind.name, path: path, args: []string{os.Args[0], "worker", h.kind.name},
		env: env, dir: h.Dir, files: []*os.File{nil, os.Stdout, nil, pipes[0], pipes[3]}, to: h.stderr(),
	})
	pipes[0].Close()
	pipes[3].Close()
	if err != nil {
		pipes[1].Close()
		pipes[2].Close()
		return nil, err
	}
	return &child{proc: p, house: h, to: pipes[1], from: newFrames(pipes[2])}, nil
}

func (h *house) stderr() io.Writer {
	if h.Stderr != nil {
		return h.Stderr
	}
	return os.Stderr
}

// error makes an error of the house, of c if there is one.
func (h *house) error(kind Kind, c *child, err error) *Error {
	e := &Error{Kind: kind, Worker: h.kind.name, Text: err.Error(), Err: err}
	if c != nil {
		e.Pid, e.Stderr = c.pid, c.stderr.text()
	}
	return e
}

// hello waits until the child has come as far as Init.
func (c *child) hello() error {
	kind, payload, _, err := c.receive(time.Now().Add(c.house.StartLimit))
	switch {
	case errors.Is(err, errTick):
		if c.isInterrupted() {
			return errTick
		}
		return c.lose(NotStarted, fmt.Errorf("it did not come to process.Init within %v; is that the first line of main?", c.house.StartLimit))
	case err != nil:
		if e, ok := errors.AsType[*Error](err); ok && e.Kind == Crashed {
			e.Text = "it ended before it came to process.Init"
		}
		return err
	case kind != frameHello || len(payload) != 1 || payload[0] != version:
		return c.lose(BadProtocol, errors.New("its first words are those of another version of this package"))
	}
	return nil
}

// receive waits for the next frame, at most until a deadline, if there is one.
func (c *child) receive(deadline time.Time) (kind frameKind, payload []byte, owned bool, err error) {
	for {
		kind, payload, owned, ok, err := c.from.next()
		if err != nil {
			return 0, nil, false, c.lose(BadProtocol, err)
		}
		if ok {
			return kind, payload, owned, nil
		}
		c.setDeadline(deadline)
		err = c.from.fill()
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			return 0, nil, false, errTick
		default:
			return 0, nil, false, c.died()
		}
	}
}

// setDeadline sets until when a read waits.
func (c *child) setDeadline(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.interrupted || t.Equal(c.deadline) {
		return
	}
	c.deadline = t
	_ = c.from.from.SetReadDeadline(t)
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// interrupt ends a wait of the child's parent. It may be called from another
// goroutine.
func (c *child) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interruptLocked()
}

func (c *child) interruptLocked() {
	c.interrupted, c.deadline = true, past
	_ = c.from.from.SetReadDeadline(past)
	_ = c.to.SetWriteDeadline(past)
}

// over is interrupt for the end of the stage: it does not reach into a closing.
func (c *child) over() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finished = true
	if !c.closes {
		c.interruptLocked()
	}
}

// isFinished reports whether the stage has ended.
func (c *child) isFinished() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.finished
}

// beginClose begins the closing, which has limits of its own.
func (c *child) beginClose() {
	c.mu.Lock()
	c.closes = true
	c.mu.Unlock()
	c.resume()
}

// watch has the end of ctx interrupt, until the next watch or resume.
func (c *child) watch(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watches++
	this := c.watches
	c.unwatch = context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.watches == this { // or it comes too late
			c.interruptLocked()
		}
	})
}

func (c *child) isInterrupted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.interrupted
}

// resume ends a watch, and takes an interruption back.
func (c *child) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unwatch != nil {
		c.unwatch()
		c.unwatch = nil
	}
	c.watches++
	if !c.interrupted {
		return
	}
	c.interrupted, c.deadline = false, time.Time{}
	_ = c.from.from.SetReadDeadline(time.Time{})
	_ = c.to.SetWriteDeadline(time.Time{})
}

// write writes what there is, waiting as long as the child reads; check is
// asked now and then whether to go on.
func (c *child) write(check func() error) error {
	if len(c.rest) > 0 {
		if err := c.writeAll(c.rest, check); err != nil {
			c.rest = c.rest[len(c.rest)-c.lacks:]
			return err
		}
		c.rest = nil
	}
	err := c.writeAll(c.out, check)
	if errors.Is(err, errTick) { // what comes next comes behind it
		c.out = c.out[:copy(c.out, c.out[len(c.out)-c.lacks:])]
		return err
	}
	c.out = emptied(c.out)
	return err
}

func (c *child) writeAll(data []byte, check func() error) error {
	again := true
	defer func() { c.lacks = len(data) }()
	for len(data) > 0 {
		c.limitWrite(check != nil)
		n, err := c.to.Write(data)
		data = data[n:]
		switch {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return c.died()
		case c.isInterrupted() && again: // or what is sent as its time ends would cost the child
			again = false
			_ = c.to.SetWriteDeadline(time.Now().Add(tick))
		case c.isInterrupted():
			return errTick
		case check != nil:
			if err := check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// limitWrite has the next write come back after a tick, or not before it is done.
func (c *child) limitWrite(limited bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.interrupted:
	case limited:
		c.limited = true
		_ = c.to.SetWriteDeadline(time.Now().Add(tick))
	case c.limited:
		c.limited = false
		_ = c.to.SetWriteDeadline(time.Time{})
	}
}

// tick is how often one looks after a child while it works.
const tick = 50 * time.Millisecond

// died makes the error of a child whose pipe has ended.
func (c *child) died() error {
	if c.cause != nil {
		return c.cause
	}
	if !c.within(time.Second) {
		return c.lose(BadProtocol, errors.New("it closed its pipe and went on"))
	}
	c.wg.Wait()
	status, _ := c.ending()
	e := c.house.error(Crashed, c, errors.New("the process ended"))
	e.Status, e.Err = status, nil
	c.cause = e
	return e
}

// lose ends a child that is no good any more, and returns why.
func (c *child) lose(kind Kind, err error) error {
	if c.cause == nil {
		c.ended = true
		c.unheard = unread(c.to) // one that was stopped goes on with the signal, and reads
		c.signal(terminate)
		c.cause = c.house.error(kind, c, err)
		if e, ok := errors.AsType[*Error](err); ok {
			c.cause = c.house.error(kind, c, errors.New(e.Text))
		}
	}
	return c.cause
}

// say sends a frame at once.
func (c *child) say(kind frameKind, payload []byte) error {
	c.out = appendFrame(c.out, kind, payload)
	return c.write(nil)
}

// bury leaves nothing of the child behind. It is closed or given up.
func (c *child) bury() { c.buryWithin(c.house.Grace) }

// buryWithin is bury with a grace of its own.
func (c *child) buryWithin(grace time.Duration) {
	c.to.Close()
	if !c.ended && c.within(grace) { // it ends by itself when its pipe does
		grace = 0
	}
	c.end(grace)
	c.from.from.Close()
}

// limitFrame appends the time limit of the items that follow.
func limitFrame(buf []byte, limit time.Duration) []byte {
	return appendFrame(buf, frameLimit, binary.LittleEndian.AppendUint64(nil, uint64(limit)))
}
