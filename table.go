package vimap

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// String is a table that a person reads at a glance: the run in a line, a row
// for each part, the five slowest inputs, and what holds the run back.
func (s Stats) String() string {
	if s.Began.IsZero() {
		return "not begun\n"
	}
	span := s.span()
	rows := [][]string{{"part", "workers", "started", "done", "failed", "filtered", "retried", "busy", "blocked", "queue", "mean", "p50", "p99", "max"}}
	rows = append(rows, []string{
		"source " + plain(s.Source.Name), "", "", fmt.Sprint(s.Read), "", "", "",
		percent(s.Source.Working, span), percent(s.Source.Blocked, span),
	})
	for i := range s.Stages {
		rows = append(rows, s.Stages[i].row(span))
	}
	rows = append(rows, []string{
		"sink", "", fmt.Sprint(s.Sink.Taken), fmt.Sprint(s.Delivered), fmt.Sprint(s.Failed), "", "",
		percent(s.Sink.Working, span), "", fmt.Sprint(s.Sink.Queue),
	})
	return s.headline() + align(rows) + s.slowest() + s.Bottleneck().Text + "\n"
}

// headline says how the run as a whole goes, or went.
func (s Stats) headline() string {
	var b strings.Builder
	count := func(n int64, what string) {
		if n > 0 {
			fmt.Fprintf(&b, ", %d %s", n, what)
		}
	}
	fmt.Fprintf(&b, "%d read, %d delivered", s.Read, s.Delivered)
	count(s.Failed, "failed")
	count(s.Filtered, "filtered")
	if s.Running {
		count(s.Unfinished, "in flight")
	} else {
		count(s.Unfinished, "unfinished")
	}
	count(s.Retries, "retries")
	count(s.Rescued, "rescued")
	count(s.Restarts, "restarts")
	count(s.Stuck, "stuck")
	count(int64(len(s.Lost)), "workers lost")
	fmt.Fprintf(&b, " in %v", short(s.Elapsed))
	if span := s.span(); span > 0 {
		fmt.Fprintf(&b, ", %s/s", rate(float64(s.Sink.Taken)/span.Seconds()))
	}
	switch {
	case s.Running:
		fmt.Fprintf(&b, ", running")
	case s.Stopped:
		fmt.Fprintf(&b, ", stopped")
	}
	return b.String() + "\n"
}

// row is the row of a stage.
func (s *StageStats) row(span time.Duration) []string {
	name := plain(s.Name)
	switch s.Role {
	case RoleStage, RoleFlatMap, RoleTurn:
	case RoleSteps, RolePool:
		name = string(s.Role) + " " + name
	default:
		name += ": " + string(s.Role)
	}
	busy, blocked := fmt.Sprintf("%.0f %%", 100*s.busy(span)), ""
	if s.Role == RolePool {
		busy = ""
	}
	if s.Role == RoleFlatMap {
		blocked = percent(s.Blocked, span)
	}
	row := []string{
		name, fmt.Sprint(s.Size), fmt.Sprint(s.Started), fmt.Sprint(s.Done),
		fmt.Sprint(s.Failed), fmt.Sprint(s.Filtered), fmt.Sprint(s.Retried), busy, blocked, fmt.Sprint(s.Queue),
	}
	if s.Latency.Count > 0 {
		l := s.Latency
		row = append(row, short(l.Mean).String(), short(l.P50).String(), short(l.P99).String(), short(l.Max).String())
	}
	return row
}

// slowest names the inputs that took longest, of all stages.
func (s Stats) slowest() string {
	type slow struct {
		stage string
		SlowItem
	}
	var all []slow
	for i := range s.Stages {
		for _, item := range s.Stages[i].Slowest {
			if item.Index >= 0 {
				all = append(all, slow{s.Stages[i].Name, item})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b slow) int { return int(b.Took - a.Took) })
	var b strings.Builder
	for i, item := range all[:min(len(all), 5)] {
		if i == 0 {
			b.WriteString("slowest: ")
		} else {
			b.WriteString("         ")
		}
		fmt.Fprintf(&b, "%v item %d", short(item.Took), item.Index)
		if item.Place != "" {
			fmt.Fprintf(&b, " (%s)", plain(item.Place))
		}
		fmt.Fprintf(&b, " in %s", plain(item.stage))
		if item.Items > 1 {
			fmt.Fprintf(&b, ", one of %d together", item.Items)
		}
		if item.Input != nil {
			fmt.Fprintf(&b, ": %s", plain(brief(item.Input)))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// align makes a table: the first column to the left, the others to the right.
// A column that is empty but for its head is left out.
func align(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for i, row := range rows {
		for j, cell := range row {
			if n := len([]rune(cell)); i > 0 && cell != "" && cell != "0" {
				widths[j] = max(widths[j], n, len(rows[0][j]))
			}
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for j, width := range widths {
			cell := ""
			if j < len(row) {
				cell = row[j]
			}
			switch pad := strings.Repeat(" ", max(0, width-len([]rune(cell)))); {
			case width == 0:
			case j == 0:
				line.WriteString(cell + pad)
			default:
				line.WriteString("  " + pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// short rounds a duration to three digits.
func short(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

// rate prints a rate with about three digits.
func rate(perSecond float64) string {
	switch {
	case perSecond >= 100:
		return fmt.Sprintf("%.0f", perSecond)
	case perSecond >= 10:
		return fmt.Sprintf("%.1f", perSecond)
	}
	return fmt.Sprintf("%.2g", perSecond)
}

func percent(part, whole time.Duration) string {
	if whole <= 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*min(1, float64(part)/float64(whole)))
}
