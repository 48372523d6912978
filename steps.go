package vimap

import (
	"context"
	"fmt"

	"github.com/vimap-go/vimap/internal/engine"
)

// Take lets the first n items pass that come to it, in source order if the run
// is [Pipeline.Ordered] or a stage has keys, and then ends the reading, as
// [Run.Stop] does, and what FlatMaps before it make. What was read by then is
// worked off and dropped, failures too; [Stats] counts it as filtered. A failure
// before the n-th item is as ever, and counts as none of the n. n must not be
// negative; with 0 nothing is read.
//
// Like every step from here on that looks at more than one item, it runs in one
// goroutine of its own, one item after another.
func (p Pipeline[In, Out]) Take(n int) Pipeline[In, Out] {
	notNegative("Take", n)
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Out] {
		return engine.Take(up, pl.name(), int64(n), pl.ordered)
	}, PlanNode{Kind: KindStep, Name: "take", Workers: 1})
}

// Skip drops the first n items that come to it, in source order if the run is
// [Pipeline.Ordered] or a stage has keys; [Stats] counts them as filtered. A
// failure counts as none of the n. n must not be negative.
func (p Pipeline[In, Out]) Skip(n int) Pipeline[In, Out] {
	notNegative("Skip", n)
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Out] {
		left := n
		return engine.Choose(up, pl.name(), func(Out) bool {
			if left == 0 {
				return true
			}
			left--
			return false
		}, pl.ordered)
	}, PlanNode{Kind: KindStep, Name: "skip", Workers: 1})
}

// Distinct drops items whose key came before, and keeps the first of each: in
// source order if the run is [Pipeline.Ordered] or a stage has keys, otherwise
// as they come. [Stats] counts what it drops as filtered. One that fails behind
// the step was the first all the same. The keys of a run are kept in memory
// until it ends. key runs in the goroutine of the step, for one item after
// another.
func (p Pipeline[In, Out]) Distinct[K comparable](key func(Out) K) Pipeline[In, Out] {
	notNil(key == nil, "Distinct", "key")
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Out] {
		seen := map[K]struct{}{}
		return engine.Choose(up, pl.name(), func(v Out) bool {
			k := key(v)
			before := len(seen)
			seen[k] = struct{}{}
			return len(seen) > before
		}, pl.ordered)
	}, PlanNode{Kind: KindStep, Name: "distinct", Workers: 1})
}

// Tap calls f with each item on its way, for what f does besides, and passes it
// on. f runs inline, as that of Map does: it may be called from several
// goroutines at once, and for items that fail behind it. What is to be seen of
// the outcomes belongs in the sink.
func (p Pipeline[In, Out]) Tap(f func(Out)) Pipeline[In, Out] {
	notNil(f == nil, "Tap", "f")
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Out] {
		return engine.Map(up, pl.name(), func(v Out) Out {
			f(v)
			return v
		})
	}, PlanNode{Kind: KindStep, Name: "tap"})
}

// Limiter says when the next item may pass a [Pipeline.Throttle]: a
// *rate.Limiter of golang.org/x/time/rate, or anything else that waits.
type Limiter interface {
	// Wait returns nil when an item may pass, and an error when its context ends
	// before.
	Wait(ctx context.Context) error
}

// Throttle has each item wait for limiter before it goes on, one after another,
// in source order if the run is [Pipeline.Ordered] or a stage has keys. No
// worker is held meanwhile, and the end of the run ends the wait. An error of
// limiter fails the item.
//
//	perSecond := rate.NewLimiter(100, 1)
//	pages := urls.Throttle(perSecond).Via(fetch)
//
// All runs of the pipeline, and whatever else limiter is given to, share what it
// lets pass. Attempts that a Retry policy makes are not throttled: for that,
// wait in the stage.
func (p Pipeline[In, Out]) Throttle(limiter Limiter) Pipeline[In, Out] {
	notNil(limiter == nil, "Throttle", "limiter")
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Out] {
		return engine.Await(up, pl.name(), limiter.Wait, pl.ordered)
	}, PlanNode{Kind: KindStep, Name: "throttle", Workers: 1})
}

// Sample keeps a share of the items, above 0 and at most 1, and drops the
// others, which [Stats] counts as filtered. Chance decides, by seed and the
// number of the item in its source: the same seed keeps the same items in every
// run, whatever their order, and what FlatMap made of an item is kept or dropped
// together. To sample what was sampled, take another seed.
func (p Pipeline[In, Out]) Sample(share float64, seed uint64) Pipeline[In, Out] {
	if !(share > 0 && share <= 1) { // so that NaN is refused too
		panic(fmt.Sprintf("vimap: Sample: share must be above 0 and at most 1, got %v", share))
	}
	return then(p, func(_ *plan[In], up *engine.Flow[Out]) *engine.Flow[Out] {
		return engine.Pick(up, func(index int64) bool { return chance(seed, uint64(index)) < share })
	}, PlanNode{Kind: KindStep, Name: "sample"})
}

// chance is a number from 0 up to 1 that depends on seed and n alone, by the
// finaliser of splitmix64.
func chance(seed, n uint64) float64 {
	h := seed*0xD1342543DE82EF95 + (n+1)*0x9E3779B97F4A7C15
	for range 2 {
		h = (h ^ h>>30) * 0xBF58476D1CE4E5B9
		h = (h ^ h>>27) * 0x94D049BB133111EB
		h ^= h >> 31
	}
	return float64(h>>11) / (1 << 53)
}

// Enumerate makes f of each item and its number, from 0, among those that come
// to it: in source order if the run is [Pipeline.Ordered] or a stage has keys,
// otherwise as they come. f runs inline, as that of Map does.
func (p Pipeline[In, Out]) Enumerate[Next any](f func(n int64, v Out) Next) Pipeline[In, Next] {
	notNil(f == nil, "Enumerate", "f")
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Next] {
		return engine.Map(engine.Enumerate(up, pl.name(), pl.ordered), pl.name(), func(v engine.Numbered[Out]) Next {
			return f(v.N, v.Val)
		})
	}, PlanNode{Kind: KindStep, Name: "enumerate", Workers: 1})
}

// Chunk makes f of each n items that come to it, in source order if the run is
// [Pipeline.Ordered] or a stage has keys, and of those that are left at the end.
// The output is that of the last of them, and stands beside its input. The
// others count as filtered in [Stats]; failures pass by. A chunk waits for its
// items as long as it takes, that which is not full for the end; [Bulk] works on
// many inputs at once and still has an output for each.
//
// f runs in the goroutine of the step, and the slice belongs to it. The items of a
// chunk but the last are no longer in flight, so that a chunk may be larger than
// what InFlight says; they are in memory all the same. n must be at least 1.
func (p Pipeline[In, Out]) Chunk[Next any](n int, f func([]Out) Next) Pipeline[In, Next] {
	atLeastOne("Chunk", "n", n)
	notNil(f == nil, "Chunk", "f")
	p.chunks++
	p.checkChunks("Chunk")
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Next] {
		next, origins := engine.Chunk(up, pl.origins, pl.name(), n, f, pl.ordered)
		pl.origins = origins
		return next
	}, PlanNode{Kind: KindFlatMap, Name: "chunk", Workers: 1})
}

// checkChunks panics if the items that Chunks hold back leave no room for another.
func (p Pipeline[In, Out]) checkChunks(method string) {
	if p.inFlight > 0 && p.inFlight <= p.chunks {
		panic(fmt.Sprintf("vimap: %s: InFlight must be at least %d with so many a Chunk, got %d", method, p.chunks+1, p.inFlight))
	}
}

// Window makes f of each item that comes to it and the n-1 before it, oldest
// first, in source order if the run is [Pipeline.Ordered] or a stage has keys.
// The first n-1 count as filtered in [Stats]; failures pass by. f runs in the
// goroutine of the step. It may keep the slice but not change it, for the next
// windows share it; up to 2n items are kept in memory. n must be at least 1.
func (p Pipeline[In, Out]) Window[Next any](n int, f func([]Out) Next) Pipeline[In, Next] {
	atLeastOne("Window", "n", n)
	notNil(f == nil, "Window", "f")
	return then(p, func(pl *plan[In], up *engine.Flow[Out]) *engine.Flow[Next] {
		return engine.Window(up, pl.name(), n, f, pl.ordered)
	}, PlanNode{Kind: KindStep, Name: "window", Workers: 1})
}

func notNegative(method string, n int) {
	if n < 0 {
		panic(fmt.Sprintf("vimap: %s: n must not be negative, got %d", method, n))
	}
}
