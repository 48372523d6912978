package mutants

import "slices"

// Table has the mutants, at least one for each law.
var Table = slices.Concat(first, newer)

var first = []Mutant{
	{
		Law: "1 conservation", Bug: "a worker that is opened anew drops an item of its chunk",
		File: "internal/engine/claim.go",
		Old:  "	if n := c.begun(); n < c.items() {\n		p.ring.giveBack(p.batch[n:c.items()])", New: "	if n := c.begun(); n < c.items() {\n		p.ring.giveBack(p.batch[n+1 : c.items()])",
	},
	{
		Law: "1 conservation", Bug: "an item that FlatMap makes nothing of is not counted",
		File: "internal/engine/expand.go",
		Old:  "	if e.made == 0 {", New: "	if e.made < 0 {",
	},
	{
		Law: "1 conservation", Bug: "a run goes on over one failure more than it tolerates",
		File: "tolerate.go",
		Old:  "failed > t.items", New: "failed > t.items+1",
	},
	{
		Law: "2 zip", Bug: "what FlatMap makes stands beside what was in its slot before",
		File: "internal/engine/expand.go",
		Old:  "*e.origins.At(slot) = *e.before.At(e.parent)", New: "*e.origins.At(slot) = *e.before.At(slot % 8)",
	},
	{
		Law: "2 zip", Bug: "a rescue is given the item of another failure",
		File: "internal/engine/rescue.go",
		Old:  "in = *origins.At(x.slot)", New: "in = *origins.At(x.slot / 2)",
	},
	{
		Law: "2 zip", Bug: "an output is put beside the input of another item",
		File: "internal/engine/flow.go",
		Old:  "join(*kept.At(x.slot), v)", New: "join(*kept.At(x.slot / 2), v)",
	},
	{
		Law: "3 order", Bug: "an ordered run delivers as it comes",
		File: "internal/engine/flow.go",
		Old:  "	o := newOutlet(run, f.ringFor(g), g, ordered)", New: "	o := newOutlet(run, f.ringFor(g), g, false)",
	},
	{
		Law: "3 order", Bug: "inputs with keys are dealt out as they come",
		File: "internal/engine/keyed.go",
		Old:  "&oneByOne{ordered: true}", New: "&oneByOne{}",
	},
	{
		Law: "4 bounded", Bug: "one item more than InFlight is read",
		File: "internal/engine/segment.go",
		Old:  "	if inFlight > 0 {\n		s.fixed", New: "	if inFlight > 0 {\n		inFlight++\n		s.fixed",
	},
	{
		Law: "4 bounded", Bug: "a stage has a worker more than it was given",
		File: "internal/engine/group.go",
		Old:  "	if g.started == g.spec.Workers || g.over {", New: "	if g.over || g.started > g.spec.Workers || g.started == g.spec.Workers && g.eager {",
		Killer: "^TestNoMoreCallsRunAtOnceThanThereAreWorkers$", In: "./internal/engine",
	},
	{
		Law: "5 busy", Bug: "nobody takes from a slow worker what it has not begun",
		File: "internal/engine/monitor.go",
		Old:  "			if c == x.seen {", New: "			if c == x.seen && c == 0 {",
		Killer: "^(TestItemsBehindASlowOne|TestTheTailOfTheInput)", In: "./internal/engine",
	},
	{
		Law: "5 busy", Bug: "an item that backs off holds its worker",
		File: "internal/engine/lend.go",
		Old:  "	if c == nil {\n		h.g.later(wait, again)", New: "	if c == nil {\n		time.Sleep(wait)\n		h.g.later(0, again)",
		Killer: "^TestAnItemThatBacksOffHoldsNoWorker$", In: "./internal/engine",
	},
	{
		Law: "6 prompt", Bug: "a source wakes a worker for every other item",
		File: "internal/engine/ring.go",
		Old:  "	if !r.pub.CompareAndSwap(t, t+1) {\n		return false // closed meanwhile\n	}\n	r.gate.call()", New: "	if !r.pub.CompareAndSwap(t, t+1) {\n		return false\n	}\n	if t%2 == 1 {\n		r.gate.call()\n	}",
		Killer: "^TestAnItemThatArrivesAloneIsDeliveredAtOnce$", In: "./internal/engine",
	},
	{
		Law: "7 quiet", Bug: "a run does not wait for its workers",
		File: "internal/engine/run.go",
		Old:  "	r.wg.Wait()\n	for _, h", New: "	for _, h",
	},
	{
		Law: "7 quiet", Bug: "a run that was broken off closes no worker",
		File: "internal/engine/exec.go",
		Old:  "	if !x.opened {\n		return\n	}\n	x.opened = false", New: "	if !x.opened || x.g.run.broken.Load() {\n		return\n	}\n	x.opened = false",
	},
	{
		Law: "7 quiet", Bug: "a run does not wait for its calls that a worker of a pool has in hand",
		File: "internal/engine/call.go",
		Old:  "	case c.held:\n		if c.cause", New: "	case c.held && c.pool == nil:\n		if c.cause",
		Killer: "^TestDoDoesNotReturnWhileTheFunctionWorksOnItsInput$", In: "./internal/engine",
	},
	{
		Law: "8 contained", Bug: "a panic on a batch fails its neighbours, too",
		File: "internal/engine/stage.go",
		Old:  "			h.batchFailed(err)\n			return false\n		}\n		if h.feed", New: "			h.failBatch(err)\n			return false\n		}\n		if h.feed",
	},
	{
		Law: "8 contained", Bug: "a Goexit is taken for a panic of nil",
		File: "internal/engine/exec.go",
		Old:  "		value = r.faults.Goexit", New: "		_ = r.faults.Goexit",
	},
	{
		Law: "9 said", Bug: "the error of an item does not say how often it was tried",
		File: "internal/engine/stage.go",
		Old:  "		Attempts: j.made, Earlier: j.earlier, Err: err,", New: "		Attempts: 1, Earlier: j.earlier, Err: err,",
	},
	{
		Law: "9 said", Bug: "an error of closing is dropped",
		File: "internal/engine/group.go",
		Old:  "	g.run.Note(g.workerError(x, \"close\", err))", New: "	_ = g.workerError(x, \"close\", err)",
	},
	{
		Law: "10 prompt end", Bug: "the end of a run does not reach the functions that run",
		File: "internal/engine/run.go",
		Old:  "	r.cancel(cause)\n", New: "",
	},
	{
		Law: "10 prompt end", Bug: "a cancelled run does not say why",
		File: "internal/engine/run.go",
		Old:  "			r.Fail(context.Cause(r.outer))\n		})", New: "			r.Fail(r.outer.Err())\n		})",
	},
}
