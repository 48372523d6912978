package process

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// send sends inputs. One that can't be encoded is not sent, and fails in its
// turn.
func (p *parent[In, Out]) send(limit time.Duration, ins []In) error {
	if len(ins) > 0 && limit != p.limit {
		p.out = limitFrame(p.out, limit)
		p.limit = limit
	}
	for i := range ins {
		whole := len(p.out)
		p.out = appendHeader(p.out, frameItem)
		at := len(p.out)
		if raw, isRaw := p.ins.bytes(&ins[i]); isRaw && len(raw) >= largePayload {
			if err := p.sendLarge(raw); err != nil {
				p.hand = append(p.hand, sent{size: len(raw)}) // in hand all the same
				p.hand = append(p.hand, make([]sent, len(ins)-i-1)...)
				p.bytes += len(raw)
				return err
			}
			continue
		}
		buf, err := p.ins.append(p.out, &ins[i])
		if err != nil {
			p.out = p.out[:whole]
			p.hand = append(p.hand, sent{err: p.house.named(err)})
			continue
		}
		p.out = buf
		finish(p.out, at)
		p.hand = append(p.hand, sent{size: len(p.out) - at})
		p.bytes += len(p.out) - at
		if len(p.out) >= mostOut && i < len(ins)-1 {
			if err := p.write(p.checker()); err != nil {
				p.hand = append(p.hand, make([]sent, len(ins)-i-1)...)
				return err
			}
		}
	}
	if len(p.out) == 0 {
		return nil
	}
	err := p.write(p.checker())
	p.missed = p.lacks
	return err
}

// sendLarge writes an input from where it is, behind its header.
func (p *parent[In, Out]) sendLarge(raw []byte) error {
	if len(raw) > mostPayload {
		p.out = p.out[:len(p.out)-headerSize]
		p.hand = append(p.hand, sent{err: p.house.named(tooLarge[In](len(raw)))})
		return nil
	}
	binary.LittleEndian.PutUint32(p.out[len(p.out)-4:], uint32(len(raw)))
	if err := p.write(p.checker()); err != nil {
		p.missed = p.lacks + len(raw)
		if errors.Is(err, errTick) {
			p.rest, p.out = slices.Concat(p.rest, p.out, raw), nil
		}
		return err
	}
	err := p.writeAll(raw, p.checker())
	p.missed = p.lacks
	if err != nil {
		p.rest = raw[len(raw)-p.lacks:]
		return err
	}
	p.hand = append(p.hand, sent{size: len(raw)})
	p.bytes += len(raw)
	return nil
}

// checker returns what looks after the child while it does not read.
func (p *parent[In, Out]) checker() func() error {
	if p.limit == 0 && p.house.Memory == 0 {
		return nil
	}
	return func() error { return p.check(p.limit) }
}

// check looks whether the child has had too much: of time, or of memory.
func (p *parent[In, Out]) check(limit time.Duration) error {
	now := time.Now()
	if limit > 0 && now.Sub(p.since) > limit+p.house.heed() {
		return p.late(limit)
	}
	if p.house.Memory > 0 && now.Sub(p.looked) >= tick/2 {
		p.looked = now
		if has := resident(p.pid); has > p.house.Memory {
			p.signal(os.Kill)
			return p.lose(OutOfMemory, fmt.Errorf("it has %d MB, and may have %d MB", has>>20, p.house.Memory>>20))
		}
	}
	return nil
}

// late ends a child that is over its time.
func (p *parent[In, Out]) late(limit time.Duration) error {
	return p.lose(TimedOut, fmt.Errorf("no answer within the time limit of %v: %w", limit, context.DeadlineExceeded))
}

// heed is how long a worker may take to heed the end of its context; an attempt
// that takes a second more is abandoned by the stage.
func (h *house) heed() time.Duration { return min(h.Grace, heedTime) }

const heedTime = 500 * time.Millisecond
