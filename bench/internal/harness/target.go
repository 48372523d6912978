package harness

import "fmt"

// Target is a figure that vimap holds itself to.
type Target struct {
	Name     string
	Workload string
	Value    Metric
	Limit    float64
	// AtLeast: the value must not be below the limit, rather than above it.
	AtLeast bool
}

// Met tells whether a value keeps the limit.
func (t Target) Met(value float64) bool {
	if t.AtLeast {
		return value >= t.Limit
	}
	return value <= t.Limit
}

// Line is `TARGET name value limit ok|short`, the value being the median of
// the rounds; false if a column it needs did not run.
func (t Target) Line(r Result) (string, bool) {
	spread, ok := r.Spread(t.Value)
	if !ok {
		return "", false
	}
	verdict := "short"
	if t.Met(spread.Median) {
		verdict = "ok"
	}
	sign := "<="
	if t.AtLeast {
		sign = ">="
	}
	return fmt.Sprintf("TARGET %-34s %8s %s%-6g %s", t.Name, spread, sign, t.Limit, verdict), true
}
