package inspect

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/vimap-go/vimap"
)

const mostStack = 8 << 10

func (p *Page) most() int {
	if p.Most <= 0 {
		return 200
	}
	return p.Most
}

// line makes one line of any text, and cuts it.
func (p *Page) line(s string) string { return cut(oneLine(s, p.most()), p.most()) }

func oneLine(s string, most int) string {
	if len(s) > 8*most {
		s = s[:8*most] // more than can be shown; the rest need not be looked at
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// input prints an input, unless inputs are hidden.
func (p *Page) input(v any) string {
	if p.HideInputs {
		return ""
	}
	return p.print(v)
}

// config prints a configuration, unless these are hidden.
func (p *Page) config(v any) string {
	if p.HideConfigs {
		return ""
	}
	return p.print(v)
}

func (p *Page) print(v any) string {
	if v == nil {
		return ""
	}
	if p.Print != nil {
		return p.line(contained(func() string { return p.Print(v) }))
	}
	switch v := v.(type) {
	case string:
		return p.line(v)
	case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, uintptr,
		float32, float64, complex64, complex128, time.Time, time.Duration:
		return p.line(fmt.Sprint(v))
	case []byte:
		return fmt.Sprintf("%d bytes", len(v))
	}
	return p.line(fmt.Sprintf("%T", v))
}

// err prints an error, or its type if errors are hidden.
func (p *Page) err(err error) string {
	switch {
	case err == nil:
		return ""
	case p.HideErrors:
		return p.line(fmt.Sprintf("%T", err))
	}
	return p.line(contained(err.Error))
}

// stack finds the stack of an error of vimap's.
func (p *Page) stack(err error) string {
	var (
		panicked *vimap.PanicError
		stuck    *vimap.StuckError
		stack    []byte
	)
	switch {
	case p.HideErrors:
		return ""
	case errors.As(err, &panicked):
		stack = panicked.Stack
	case errors.As(err, &stuck):
		stack = stuck.Stack
	}
	var lines strings.Builder
	for line := range strings.Lines(string(stack[:min(len(stack), mostStack)])) {
		indent := len(line) - len(strings.TrimLeft(line, "\t"))
		lines.WriteString(strings.Repeat("  ", indent) + oneLine(strings.Trim(line, "\t\n"), mostStack) + "\n")
	}
	if len(stack) > mostStack {
		lines.WriteString("…\n")
	}
	return lines.String()
}

// contained calls a function of the user's: the page of a run must not end with
// what prints one of its items.
func contained(text func() string) (s string) {
	defer func() {
		if v := recover(); v != nil {
			s = fmt.Sprintf("(panic while printing: %T)", v)
		}
	}()
	return text()
}
