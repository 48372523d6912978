package process

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// close ends the worker and its child. The error is that of the worker's own
// closing; a child that was lost before has said so already.
func (p *parent[In, Out]) close() error {
	p.unhook()
	p.beginClose()
	err := p.closing()
	p.bury()
	return err
}

func (p *parent[In, Out]) closing() error {
	if p.cause != nil {
		return nil //nolint:nilerr // whose loss that was has said so
	}
	limit := p.house.CloseLimit
	if p.inHand() > 0 { // the run was broken off
		p.out = appendFrame(p.out, frameStop, nil)
	}
	p.out = appendFrame(p.out, frameClose, nil)
	until := time.Now().Add(limit)
	heed := time.Now().Add(p.house.heed())
	if err := p.write(func() error {
		if time.Now().After(heed) {
			return p.lose(TimedOut, errors.New("it does not read what it is told"))
		}
		return nil
	}); err != nil {
		return p.closeError(err)
	}
	for p.skipUnsent(); p.inHand() > 0; p.skipUnsent() {
		if done, err := p.discard(heed); done || err != nil {
			return p.closeError(err)
		}
	}
	for {
		if done, err := p.discard(until); done || err != nil {
			return p.closeError(err)
		}
	}
}

// closeError leaves out what is no matter of closing.
func (p *parent[In, Out]) closeError(err error) error {
	if p.inHand() > 0 { // it was ended in its work, with the run
		return nil
	}
	return err
}

// discard takes a frame that nobody waits for, and reports whether it says that
// the worker is closed.
func (p *parent[In, Out]) discard(until time.Time) (done bool, err error) {
	kind, payload, _, err := p.receive(until)
	switch {
	case errors.Is(err, errTick):
		return false, p.lose(TimedOut, fmt.Errorf("it is not closed within %v", p.house.CloseLimit))
	case err != nil:
		return false, err
	}
	switch kind {
	case frameClosed: // whatever it had in hand it has not begun
		p.hand, p.next = p.hand[:0], 0
		if len(payload) > 0 {
			return true, p.fault(payload)
		}
		return true, nil
	case frameGone:
		return true, nil
	case frameOut, frameFault:
		p.skipUnsent()
		if p.inHand() > 0 {
			p.next++
		}
	case frameUndone:
		if len(payload) == 4 {
			p.hand = p.hand[:max(p.next, len(p.hand)-int(binary.LittleEndian.Uint32(payload)))]
		}
	default: // it was said to another question
	}
	return false, nil
}

// skipUnsent passes over inputs of which the child has heard nothing.
func (p *parent[In, Out]) skipUnsent() {
	for p.inHand() > 0 && p.hand[p.next].err != nil {
		p.next++
	}
}
