package harness

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Metric reads one figure from a round; false if a column it needs did not run.
type Metric func(Round) (float64, bool)

// WallPer is the time a column took for each item, in units of unit.
func WallPer(column string, unit time.Duration) Metric {
	return sampled(column, func(s Sample, items int) float64 {
		return float64(s.Wall) / float64(unit) / float64(items)
	})
}

// Wall is the time a column took for all of the work, in units of unit.
func Wall(column string, unit time.Duration) Metric {
	return sampled(column, func(s Sample, _ int) float64 { return float64(s.Wall) / float64(unit) })
}

// CPUPer is the time all cores spent on each item, in units of unit.
func CPUPer(column string, unit time.Duration) Metric {
	return sampled(column, func(s Sample, items int) float64 {
		return float64(s.CPU) / float64(unit) / float64(items)
	})
}

// AllocsPer is the number of allocations for each item.
func AllocsPer(column string) Metric {
	return sampled(column, func(s Sample, items int) float64 { return float64(s.Allocs) / float64(items) })
}

// P50 is the median of the items' latencies in microseconds.
func P50(column string) Metric {
	return sampled(column, func(s Sample, _ int) float64 { return float64(s.P50) / 1e3 })
}

// P99 is what 99 of 100 items' latencies stay below, in microseconds.
func P99(column string) Metric {
	return sampled(column, func(s Sample, _ int) float64 { return float64(s.P99) / 1e3 })
}

// Late is the number of items that came too late.
func Late(column string) Metric {
	return sampled(column, func(s Sample, _ int) float64 { return float64(s.Late) })
}

// PeakMB is the most memory that a process with nothing but a column had, in
// megabytes of 2²⁰ bytes.
func PeakMB(column string) Metric {
	return func(r Round) (float64, bool) {
		s := r.Samples[column]
		return float64(s.Peak) / (1 << 20), s.Peak > 0
	}
}

func sampled(column string, value func(Sample, int) float64) Metric {
	return func(r Round) (float64, bool) {
		s, ok := r.Samples[column]
		if !ok {
			return 0, false
		}
		return value(s, r.Items), true
	}
}

// Over is a divided by b in the same round.
func Over(a, b Metric) Metric {
	return func(r Round) (float64, bool) {
		x, okX := a(r)
		y, okY := b(r)
		return x / y, okX && okY && y != 0
	}
}

// Minus is a less b in the same round.
func Minus(a, b Metric) Metric {
	return func(r Round) (float64, bool) {
		x, okX := a(r)
		y, okY := b(r)
		return x - y, okX && okY
	}
}

// Times is a multiplied by a constant.
func Times(a Metric, by float64) Metric {
	return func(r Round) (float64, bool) {
		x, ok := a(r)
		return x * by, ok
	}
}

// Spread is the median of the rounds with the least and the greatest value.
type Spread struct{ Median, Min, Max float64 }

// Spread takes a metric over all rounds; false if a column it needs did not run.
func (r Result) Spread(m Metric) (Spread, bool) {
	var values []float64
	for _, round := range r.Rounds {
		if value, ok := m(round); ok {
			values = append(values, value)
		}
	}
	if len(values) == 0 {
		return Spread{}, false
	}
	slices.Sort(values)
	n := len(values)
	return Spread{Median: (values[(n-1)/2] + values[n/2]) / 2, Min: values[0], Max: values[n-1]}, true
}

// String writes the median only.
func (s Spread) String() string { return figure(s.Median) }

// Range writes the least and the greatest value.
func (s Spread) Range() string { return figure(s.Min) + "–" + figure(s.Max) }

// figure writes a number with three digits that mean something.
func figure(x float64) string {
	switch magnitude := math.Abs(x); {
	case magnitude < 0.0005:
		return "0"
	case magnitude < 1:
		return fmt.Sprintf("%.3f", x)
	case magnitude < 10:
		return fmt.Sprintf("%.2f", x)
	case magnitude < 100:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.0f", x)
	}
}
