package engine

import "sync"

// keyring queues the inputs of a stage by their keys: of each key one at a
// time is with a worker.
type keyring[In any] struct {
	mu      sync.Mutex
	waiting map[any][]job[In]
	queued  waitsFor // inputs that wait for their turn
}

// keyed puts a worker before those of the stage that takes the inputs in
// source order and deals them out by their keys.
func (c *crew[In, Out]) keyed(f *Flow[In], mk maker[Out]) []*Group {
	c.hireIdle(mk)
	keys := &keyring[In]{waiting: map[any][]job[In]{}}
	c.g.waits = &keys.queued
	deal := newGroup(f.seg.run, f.seg, Spec{Name: c.g.spec.Name, Workers: 1, Role: RoleKeys, Node: c.g.spec.Node}, false)
	step := &Step{c.g.spec.Name}
	f.pull(deal, func(x *Exec) Handler[In] {
		mk(x)
		return func(x *Exec, in In) {
			x.at = step
			call := f.seg.run.callOf(x.slot)
			if call != nil {
				if _, ok := call.enter(false); !ok {
					x.drop()
					return
				}
			}
			key := c.Key(in)
			call.leave()
			j := job[In]{slot: x.slot, in: in}
			j.done = func() {
				if next, ok := keys.done(key); ok {
					c.deal(next)
				}
			}
			if keys.take(key, j) {
				c.deal(j)
			}
		}
	}, &oneByOne{ordered: true})
	return []*Group{c.g, deal}
}

func (c *crew[In, Out]) deal(j job[In]) {
	c.g.add(func(x *Exec) {
		j.begun = c.g.run.now()
		x.task.(*hand[In, Out]).again(j)
	})
}

// take reports whether j may be worked on now; otherwise it waits for its key.
func (k *keyring[In]) take(key any, j job[In]) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	list, busy := k.waiting[key]
	if busy {
		k.waiting[key] = append(list, j)
		k.queued.Add(1)
		return false
	}
	if same := key; key == same { // a NaN is no other's key, nor found again
		k.waiting[key] = nil
	}
	return true
}

// done ends the turn of a key and returns the next input that has it.
func (k *keyring[In]) done(key any) (j job[In], ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.waiting[key]
	if len(list) == 0 {
		delete(k.waiting, key)
		return j, false
	}
	j, list[0] = list[0], j
	k.waiting[key] = list[1:]
	k.queued.Add(-1)
	return j, true
}
