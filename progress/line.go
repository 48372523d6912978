package progress

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

const (
	leastBar, mostBar = 12, 40
	barStep           = 4 // or its width would change with each digit that is added
	between           = "  "
)

var painter = mpb.BarStyle().Padding(" ").Build()

// field is a part of the line.
type field struct {
	text string
	rank int // those of a low rank are left out last
}

// line is the bar, at most so many columns wide. others says how many more runs
// there are.
func (b *bar) line(columns, others int) string {
	if columns < 1 {
		return ""
	}
	v := &b.view
	known := v.total > 0
	fields := []field{
		{runewidth.Truncate(b.name, max(8, columns/3), "…"), 3},
		{b.percent(), 0},
		{"", 5}, // the bar
		{b.count("/"), 2},
		{b.amount("/"), 8},
		{b.rate(), 6},
		{b.failed(), 1},
		{b.retried(), 7},
		{b.time(), 4},
		{more(others), 3},
	}
	const barAt = 2
	if !known {
		fields[barAt].rank = 100
	}
	left := columns
	kept := make([]bool, len(fields))
	for rank := range 9 {
		for i, f := range fields {
			width := runewidth.StringWidth(f.text)
			if i == barAt {
				width = leastBar
			}
			if left < columns {
				width += len(between)
			}
			if f.rank != rank || width > left || f.text == "" && i != barAt {
				continue
			}
			kept[i] = true
			left -= width
		}
	}
	var texts []string
	for i, f := range fields {
		switch {
		case !kept[i]:
		case i == barAt:
			texts = append(texts, paint(v.done, min(mostBar, (leastBar+left)/barStep*barStep)))
		default:
			texts = append(texts, f.text)
		}
	}
	return runewidth.Truncate(strings.Join(texts, between), columns, "")
}

// paint draws the bar.
func paint(done float64, width int) string {
	const all = 1 << 20
	var b strings.Builder
	_ = painter.Fill(&b, decor.Statistics{
		AvailableWidth: width, Total: all, Current: int64(done * all), Completed: done >= 1,
	})
	return b.String()
}

// sentence is what the mode Lines says of a run that goes on.
func (b *bar) sentence() string {
	return b.prefix() + list(b.percent(), b.count(" of ")+" items", b.amount(" of "), b.rate(), b.failed(), b.retried(), b.time())
}

// summary is the last line of a run.
func (b *bar) summary() string {
	v := &b.view
	s := &v.stats
	how := ""
	switch cause := context.Cause(b.ctx); {
	case b.err != nil && cause != nil && errors.Is(b.err, cause):
		how = "cancelled after "
	case b.err != nil:
		how = "failed after "
	case s.Stopped:
		how = "stopped after "
	case b.left:
		how = "left after "
	}
	items := grouped(v.items) + " items"
	if how != "" && v.unit == "items" && v.total > v.items {
		items = grouped(v.items) + " of " + grouped(v.total) + " items"
	} else if v.items == 1 {
		items = "1 item"
	}
	delivered := ""
	if s.Extra > 0 || s.Filtered > 0 {
		delivered = grouped(s.Delivered) + " delivered"
	}
	span := s.Elapsed - min(s.Opening, s.Elapsed)
	rate := ""
	if v.items > 0 && span > 0 {
		rate = perSecond(float64(v.items) / span.Seconds())
	}
	return b.prefix() + how + list(items+" in "+took(s.Elapsed), rate, delivered, b.failed(), b.retried())
}

func (b *bar) prefix() string {
	if b.name == "" {
		return ""
	}
	return b.name + ": "
}

func list(texts ...string) string {
	var kept []string
	for _, text := range texts {
		if text != "" {
			kept = append(kept, text)
		}
	}
	return strings.Join(kept, ", ")
}

func (b *bar) percent() string {
	if b.view.total == 0 {
		return ""
	}
	return fmt.Sprintf("%3d%%", int(b.view.done*100+1e-6)) // 100 when all is done
}

func (b *bar) count(of string) string {
	v := &b.view
	if v.unit != "items" || v.total == 0 {
		return grouped(v.items)
	}
	return grouped(v.items) + of + grouped(v.total)
}

// amount says how far it is in what is not counted in items.
func (b *bar) amount(of string) string {
	v := &b.view
	done := int64(v.done * float64(v.total))
	switch {
	case v.total == 0 || v.unit == "items":
		return ""
	case v.unit == "bytes":
		return size(done) + of + size(v.total)
	}
	return grouped(done) + of + grouped(v.total) + " " + printable(v.unit)
}

func (b *bar) rate() string {
	if b.view.items == 0 {
		return ""
	}
	return perSecond(b.view.rate.perSecond())
}

func (b *bar) failed() string  { return unlessNone(b.view.stats.Failed, " failed") }
func (b *bar) retried() string { return unlessNone(b.view.stats.Retries, " retried") }

// time is how long it will take, or has taken as long as that is not known.
func (b *bar) time() string {
	v := &b.view
	if v.stats.Stopped {
		return "stopping, " + grouped(v.stats.Unfinished) + " left"
	}
	if eta := v.eta(); eta > 0 {
		return "ETA " + clock(eta)
	}
	return clock(v.stats.Elapsed)
}

func more(others int) string {
	if others == 0 {
		return ""
	}
	return fmt.Sprintf("+%d more", others)
}

func unlessNone(n int64, what string) string {
	if n == 0 {
		return ""
	}
	return grouped(n) + what
}

// grouped is a number with a comma at each thousand.
func grouped(n int64) string {
	digits := fmt.Sprint(max(0, n))
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func size(n int64) string { return fmt.Sprintf("%.1f", decor.SizeB1000(n)) }

func perSecond(r float64) string {
	switch {
	case r >= 10:
		return grouped(int64(math.Round(r))) + "/s"
	case r >= 0.95:
		return fmt.Sprintf("%.1f/s", r)
	case r*60 >= 0.95:
		return fmt.Sprintf("%.0f/min", r*60)
	case r > 0:
		return fmt.Sprintf("%.1f/h", r*3600)
	}
	return "0/s"
}

// clock is a time to look at while it passes.
func clock(d time.Duration) string {
	s := int64(d.Seconds())
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 48*3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%02dh", s/86400, s/3600%24)
}

// took is a time that has passed.
func took(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	}
	return clock(d)
}
