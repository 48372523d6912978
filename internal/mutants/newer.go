package mutants

// newer are those of steps, aggregates, lent lines, several sinks and sources,
// and processes.
var newer = []Mutant{
	{
		Law: "1 conservation", Bug: "an accumulator is lost when they are merged",
		File: "aggregate.go",
		Old:  "			result = merge(result, c.Val)", New: "			result = c.Val",
	},
	{
		Law: "1 conservation", Bug: "two workers share an accumulator",
		File: "internal/engine/absorb.go",
		Old:  "		cell := a.Cells.New()\n", New: "		if len(a.Cells.All()) < 2 {\n			a.Cells.New()\n		}\n		cell := a.Cells.All()[1]\n",
		Killer: "^TestTheWorkersAddThemselves$",
	},
	{
		Law: "1 conservation", Bug: "what is left of a text begins a line too late",
		File: "internal/engine/texts.go",
		Old:  "	for range n {\n		at +=", New: "	for range n + n/8 {\n		at +=",
	},
	{
		Law: "9 said", Bug: "what is left of a text has the number of its beginning",
		File: "internal/engine/texts.go",
		Old:  "spot{of.seq + int64(n), of.place}", New: "spot{of.seq, of.place}",
	},
	{
		Law: "2 zip", Bug: "who appends to a line writes over the next",
		File: "internal/engine/texts.go",
		Old:  "*bytes = slices.Clip(*bytes)", New: "_ = slices.Clip(*bytes)",
		Killer: "^TestWhoAppendsToALineLeavesTheNextAlone$",
	},
	{
		Law: "2 zip", Bug: "the input of a line that a worker has cut is another's",
		File: "internal/engine/texts.go",
		Old:  "*c.origins.At(it.Slot) = line", New: "*c.origins.At(it.Slot) = whole[at:min(len(whole), at+1)]",
		Killer: "^TestWhoTakesATextCutsIt$", In: "./internal/engine",
	},
	{
		Law: "1 conservation", Bug: "a Take lets one item more pass",
		File: "internal/engine/turn.go",
		Old:  "			if passed == n {\n				x.drop()", New: "			if passed > n {\n				x.drop()",
	},
	{
		Law: "1 conservation", Bug: "what fails behind what a Take wants is a failure",
		File: "internal/engine/turn.go",
		Old:  "			if passed < n {\n				x.tally", New: "			if passed <= n {\n				x.tally",
		Killer: "^TestAFailureBehindWhatTakeWantsIsNoFailure$",
	},
	{
		Law: "1 conservation", Bug: "a Window drops the first item that has all before it",
		File: "internal/engine/turn.go",
		Old:  "		if len(past) < n {", New: "		if len(past) <= n {",
	},
	{
		Law: "1 conservation", Bug: "a sink of a Tee is starved now and then",
		File: "tee.go",
		Old:  "		if s.taker != nil {\n			s.result = r", New: "		if s.taker != nil && (s == t.ends[0] || r.Index%64 != 63) {\n			s.result = r",
	},
	{
		Law: "1 conservation", Bug: "a sink of a Tee is given an outcome twice",
		File: "tee.go",
		Old:  "			s.result = r\n			s.goOn()\n", New: "			s.result = r\n			s.goOn()\n			if r.Index == 5 && s.taker != nil {\n				s.goOn()\n			}\n",
	},
	{
		Law: "1 conservation", Bug: "the part of a batch that is left at the end is forgotten",
		File: "taker.go",
		Old:  "		if !r.flush() {\n			return true\n		}\n", New: "",
	},
	{
		Law: "1 conservation", Bug: "the first source of a merge that ends is the end of all",
		File: "internal/engine/merge.go",
		Old:  "	if err == nil {\n		return\n	}\n	m.mu.Lock()\n	if m.err == nil", New: "	m.mu.Lock()\n	if err != nil && m.err == nil",
	},
	{
		Law: "1 conservation", Bug: "what is rescued counts twice",
		File: "internal/engine/rescue.go",
		Old:  "stats.rescued.Add(1)", New: "stats.rescued.Add(2)",
	},
	{
		Law: "1 conservation", Bug: "a run bears a failure more than it tolerates, for it does not count the last",
		File: "tolerate.go",
		Old:  "	failed++ // this one is not freed yet\n", New: "",
	},
	{
		Law: "2 zip", Bug: "a sample of lent lines decides by something else than their number",
		File: "internal/engine/turn.go",
		Old:  "	next.fuse = nil // lines of a block have no index while they are worked on\n", New: "",
		Killer: "^TestASampleOfLentLinesIsTheSameInAnAggregate$",
	},
	{
		Law: "2 zip", Bug: "a lent line that travels is kept, not copied",
		File: "sources/bytes.go",
		Old:  "inputs(paths), bytes.Clone)", New: "inputs(paths), func(line []byte) []byte { return line })",
		Killer: "^Test(BytesAre|AnErrorOfBytes|BytesOf)", In: "./sources",
	},
	{
		Law: "2 zip", Bug: "a string that a worker cuts is a part of the text before",
		File: "internal/engine/cutting.go",
		Old:  "	w.shared = shared{}\n", New: "",
		Killer: "^Test(BytesAre|BytesOf)", In: "./sources",
	},
	{
		Law: "2 zip", Bug: "an item that is decoded where lines are cut is not kept for its failure",
		File: "internal/engine/flow.go",
		Old:  "					*origin, w.in = v, true", New: "					*origin, w.in = v, false",
		Killer: "^TestLinesThatWorkersCut",
	},
	{
		Law: "9 said", Bug: "a panic in the function of an aggregate names no step",
		File: "internal/engine/absorb.go",
		Old:  "			x.at = step\n", New: "			_ = step\n",
	},
	{
		Law: "2 zip", Bug: "a buffer of lent lines is used again while they are worked on",
		File: "sources/bytes.go",
		Old:  "		done = func() { s.giveBack(buf) }", New: "		s.giveBack(buf)",
		Killer: "^TestBytes", In: "./sources",
	},
	{
		Law: "2 zip", Bug: "lines that nobody works on are not counted",
		File: "internal/engine/cutting.go",
		Old:  "		w.left = 1 + int64(", New: "		w.left = 0 * int64(",
		Killer: "^TestALineKeepsItsNumberBehindLinesThatAreLeft$",
	},
	{
		Law: "2 zip", Bug: "an item that is decoded again is taken for the one before",
		File: "pipeline.go",
		Old:  "			if p.decoded {\n				return decoded\n			}\n", New: "",
		Killer: "^TestLinesThatWorkersCutAreThoseOfAPlainLoop$",
	},
	{
		Law: "10 prompt end", Bug: "a Take of none has the source wait for workers to open",
		File: "internal/engine/run.go",
		Old:  "	if r.closing.Load() { // a Take", New: "	if false { // a Take",
		Killer: "^TestTakeOfNoneWaitsForNoOpening$",
	},
	{
		Law: "10 prompt end", Bug: "a failure of a line ends only what is read",
		File: "internal/engine/cutting.go",
		Old:  "l.fatal.Load() || ", New: "",
		Killer: "^TestAFailureOrAStopLeavesLinesThatNobodyHasBegun$",
	},
	{
		Law: "9 said", Bug: "a rescue that fails forgets what it was to rescue",
		File: "internal/engine/rescue.go",
		Old:  "Earlier: m.Fail.all(), Err: err", New: "Err: err",
		Killer: "^TestRescueThatFailsFailsTheItemAndKeepsWhatWentBefore$",
	},
	{
		Law: "9 said", Bug: "inputs that were with the one at which a child crashed are charged",
		File: "process/parent.go",
		Old:  "	if left == 1 && p.back == 0 && len(p.done) == 0 {\n		if size", New: "	if left >= 1 {\n		if size",
		Killer: "^Test(AChildThatEnds|APanicInAChild|ACrash|Children)", In: "./process",
	},
	{
		Law: "1 conservation", Bug: "a failed input with a letter is unfinished when the loop dies over what came before it",
		File: "taker.go",
		Old:  "goesOn && !w.fails {", New: "goesOn && !w.fails && false {",
		Killer: "^TestAFailedInputWithALetter",
	},
	{
		Law: "2 zip", Bug: "the slowest input of a chunk is named by the first one's place",
		File: "internal/engine/meter.go",
		Old:  "m := x.g.seg.meta(p.batch[first].Slot)\n		s.Index", New: "m := x.g.seg.meta(p.batch[0].Slot)\n		s.Index",
		Killer: "^TestTheSlowestInputs", In: "./internal/engine",
	},
	{
		Law: "7 quiet", Bug: "a pool is closed before its workers are",
		File: "internal/engine/pool.go",
		Old:  "	p.wake()\n	<-p.ended\n	return p.errs", New: "	p.wake()\n	return p.errs",
		Killer: "^Test(ThePool|UseAfterThePool|Closing)", In: "./internal/engine",
	},
	{
		Law: "10 prompt end", Bug: "the end of a run does not end the wait of a Throttle",
		File: "internal/engine/turn.go",
		Old:  "wait(timeless{run.ctx})", New: "wait(timeless{context.Background()})",
		Killer: "^TestTheEndOfTheContextEndsTheWaitOfAThrottle$",
	},
	{
		Law: "10 prompt end", Bug: "Stop does not reach a source that waits for something",
		File: "internal/engine/run.go",
		Old:  "	r.sourceCtx.stop()\n	r.closing.Store(true)\n	if", New: "	r.closing.Store(true)\n	if",
		Killer: "^TestStop", In: "./internal/engine",
	},
}
