package process

import (
	"errors"
	"fmt"
	"time"
)

// opened has the child open its worker; the deadline is none if it is zero.
func (c *child) opened(told []byte, deadline time.Time) error {
	if err := c.say(frameOpen, told); err != nil {
		return err
	}
	kind, payload, _, err := c.receive(deadline)
	switch {
	case err != nil:
		return err
	case kind == frameOpened:
		return nil
	case kind == frameFault || kind == frameGone:
		return c.fault(payload)
	}
	return c.lose(BadProtocol, fmt.Errorf("it answers its opening by a frame of kind %d", kind))
}

// fault makes an error of what the child says of one.
func (c *child) fault(payload []byte) error {
	var f fault
	if err := (cborCodec{}).Decode(payload, &f); err != nil {
		return c.lose(BadProtocol, err)
	}
	if c.overdue > 0 {
		f = f.late(c.overdue)
	}
	return f.error(c.name, c.pid)
}

// unopenTime is how long an opening that is not wanted any more may take to
// heed that: one that takes a second longer than it may is abandoned by the
// stage.
const unopenTime = 250 * time.Millisecond

// giveUp ends a child whose opening failed, or is not wanted any more: it is
// told so, and what it has opened all the same is closed.
func (c *child) giveUp() {
	d := min(c.house.heed(), unopenTime)
	c.dismiss(d, d)
}

// dismiss ends a child that has nothing in hand, after d by force.
func (c *child) dismiss(d, grace time.Duration) {
	c.beginClose()
	if !c.closedWithin(d) {
		c.ended = true
		c.signal(terminate)
	}
	c.buryWithin(grace)
}

// closedWithin has a child that has nothing in hand close its worker.
func (c *child) closedWithin(d time.Duration) bool {
	if c.cause != nil {
		return false
	}
	until := time.Now().Add(d)
	c.out = appendFrame(c.out, frameStop, nil)
	c.out = appendFrame(c.out, frameClose, nil)
	if err := c.write(func() error { return errTick }); err != nil {
		return false
	}
	for {
		kind, _, _, err := c.receive(until)
		switch {
		case errors.Is(err, errTick):
			return false
		case err != nil:
			return c.isOver()
		case kind == frameClosed || kind == frameGone:
			return true
		}
	}
}
