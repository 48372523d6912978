package harness

import (
	"cmp"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"
)

// Table says what the columns of a workload cost, a line each.
func (r Result) Table() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s (%d %ss, %d rounds", r.Workload.Name, r.Workload.About, r.Items, r.item(), len(r.Rounds))
	if cores, ok := r.Spread(Cores); ok {
		fmt.Fprintf(&out, ", %s of %d cores free", cores.Range(), runtime.GOMAXPROCS(0))
	}
	out.WriteString(")\n")
	unit, unitName := time.Nanosecond, "ns"
	if r.Workload.Item != "" {
		unit, unitName = time.Microsecond, "µs"
	}
	per := unitName + "/" + r.item()
	head := []string{"", per, "min–max", "CPU " + per, "allocs/" + r.item(), "× " + r.base(), "min–max", "ms"}
	if r.Latencies {
		head = append(head, "p50 µs", "min–max", "p99 µs", "min–max")
	}
	if r.Workload.Late > 0 {
		head = append(head, "> "+r.Workload.Late.String(), "min–max")
	}
	if r.Workload.Peak {
		head = append(head, "peak MB", "min–max")
	}
	rows := [][]string{head}
	for _, column := range r.Columns {
		wall := WallPer(column, unit)
		row := []string{column}
		row = append(row, r.cells(wall, true)...)
		row = append(row, r.cells(CPUPer(column, unit), false)...)
		row = append(row, r.cells(AllocsPer(column), false)...)
		row = append(row, r.cells(Over(wall, WallPer(r.base(), unit)), true)...)
		row = append(row, r.cells(Wall(column, time.Millisecond), false)...)
		if r.Latencies {
			row = append(row, r.cells(P50(column), true)...)
			row = append(row, r.cells(P99(column), true)...)
		}
		if r.Workload.Late > 0 {
			row = append(row, r.cells(Late(column), true)...)
		}
		if r.Workload.Peak {
			row = append(row, r.cells(PeakMB(column), true)...)
		}
		rows = append(rows, row)
	}
	align(&out, rows)
	return out.String()
}

func (r Result) item() string { return cmp.Or(r.Workload.Item, "item") }

func (r Result) base() string { return cmp.Or(r.Workload.Base, Base) }

func (r Result) cells(m Metric, withRange bool) []string {
	spread, ok := r.Spread(m)
	switch {
	case !ok && withRange:
		return []string{"", ""}
	case !ok:
		return []string{""}
	case withRange:
		return []string{spread.String(), spread.Range()}
	}
	return []string{spread.String()}
}

// align writes rows with the first cell to the left and the others to the right.
func align(out *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString("  " + cell + gap)
			} else {
				line.WriteString("  " + gap + cell)
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
