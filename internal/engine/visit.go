package engine

import "context"

// visit is a pool as a stage of another run. The workers of that run hand their
// inputs to the pool and do not wait for them: what comes back comes as jobs.
type visit[In, Out any] struct {
	pool  *Pool[In, Out]
	g     *Group
	run   *Run // that visits
	dealt bool // others than the workers of g submit the inputs
}

// visitor is the stage's part of a worker of the run that visits.
type visitor[Out any] struct {
	plainTask
	next Handler[Out]
}

// Via adds the workers of the pool as a stage.
func (p *Pool[In, Out]) Via(f *Flow[In]) *Flow[Out] {
	node := NodeOf(f)
	return behind(f.seg, func(mk maker[Out]) []*Group {
		run := f.seg.run
		v := &visit[In, Out]{pool: p, run: run}
		v.g = newGroup(run, f.seg, Spec{Name: p.name, Workers: max(1, p.workers), Role: RolePool, Node: node}, false)
		v.g.first = v.await
		f.seg.least = min(f.seg.least+max(0, p.ahead-2*v.g.spec.Workers), largestAhead) // the group has its share
		run.awaits()
		run.ends = append(run.ends, func(cause error) { p.giveUp(v, cause) })
		hire := func(x *Exec) { x.task = &visitor[Out]{plainTask{x}, mk(x)} }
		if !p.keyed {
			f.pull(v.g, func(x *Exec) Handler[In] {
				hire(x)
				return v.submit
			}, nil)
			return []*Group{v.g}
		}
		v.g.build = func(x *Exec) {
			hire(x)
			x.pull = &puller[struct{}]{x: x}
		}
		v.dealt = true
		deal := newGroup(run, f.seg, Spec{Name: p.name, Workers: 1, Role: RoleKeys, Node: node}, false)
		f.pull(deal, func(x *Exec) Handler[In] {
			mk(x)
			return v.submit
		}, &oneByOne{ordered: true})
		return []*Group{v.g, deal}
	}, func(mk maker[Out]) { p.serial(f, newDoor(f.seg, mk)) })
}

// serial adds the pool as a stage of a serial run, which waits for each call.
func (p *Pool[In, Out]) serial(f *Flow[In], next *door[Out]) {
	run := f.seg.run
	v := &visit[In, Out]{pool: p, run: run}
	ask := func(r *request[In, Out]) bool {
		p.await(r)
		run.stats.retries.Add(r.retries)
		if r.err != nil {
			v.fail(r.err)
		}
		return r.err == nil
	}
	run.serial.opens = append(run.serial.opens, func() {
		ask(&request[In, Out]{caller: run.ctx, index: -1, probe: true})
	})
	f.serial(func(x *Exec) Handler[In] {
		out := outward[Out](next.take)
		x.out = out
		return func(x *Exec, in In) {
			r := &request[In, Out]{caller: run.ctx, index: f.seg.index(x.slot), in: in}
			switch {
			case !ask(r):
			case r.fail != nil:
				x.fail(r.fail)
			default:
				out.put(x, r.out)
			}
		}
	})
}

// await has the source of the run read nothing before the pool has begun.
func (v *visit[In, Out]) await() {
	r := v.request(v.run.ctx, -1)
	r.probe = true
	r.answer = func() {
		defer v.run.wg.Done()
		if r.err != nil {
			v.fail(r.err)
			return
		}
		v.g.ready()
	}
	v.pool.hand(r)
}

// request makes a call for which the run waits.
func (v *visit[In, Out]) request(ctx context.Context, index int64) *request[In, Out] {
	v.run.wg.Add(1)
	return &request[In, Out]{caller: ctx, index: index, of: v}
}

// fail ends the run for an error that is not that of an item.
func (v *visit[In, Out]) fail(err error) {
	if v.run.ctx.Err() == nil {
		v.run.drains.Store(true) // the stage has no worker left
	}
	v.run.Fail(err)
}

// submit makes an input a call. If the run is that of a pool itself, the item
// is in hand while the other pool has it.
func (v *visit[In, Out]) submit(x *Exec, in In) {
	ctx, slot, held := v.run.ctx, x.slot, v.run.callOf(x.slot)
	if held != nil {
		var ok bool
		if ctx, ok = held.enter(false); !ok {
			x.drop()
			return
		}
	}
	x.tally.away = true
	r := v.request(ctx, v.g.seg.index(slot))
	r.in = in
	r.answer = func() {
		defer v.run.wg.Done()
		v.answered(r, slot, held)
	}
	v.pool.hand(r)
	if held != nil { // its context ends with it, if not before
		context.AfterFunc(ctx, func() { r.giveUp(context.Cause(ctx)) })
	}
}

// answered gives the item in slot the outcome of its call.
func (v *visit[In, Out]) answered(r *request[In, Out], slot int32, held *call) {
	v.run.stats.retries.Add(r.retries)
	held.retried(r.retries)
	dropped := false
	if r.err != nil {
		if dropped = held.interrupted(); !dropped {
			held.leave()
			v.fail(r.err)
			return
		}
	}
	v.g.add(func(x *Exec) {
		x.slot = slot
		if v.dealt {
			x.tally.begun++
		}
		switch {
		case dropped:
			x.drop()
		case r.fail != nil:
			x.fail(r.fail)
		default:
			x.task.(*visitor[Out]).next(x, r.out)
			held.leave()
		}
	})
}
