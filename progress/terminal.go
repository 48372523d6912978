package progress

import (
	"io"
	"os"
	"runtime"
	"strings"
	"unicode"

	"golang.org/x/term"
)

const columnsElsewhere = 80

func (d *Display) to() io.Writer {
	if d.To == nil {
		return os.Stderr
	}
	return d.To
}

func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) } //nolint:gosec // a descriptor is a small number

// isLive says whether a bar is drawn.
func (d *Display) isLive() bool {
	if d.Mode != Auto {
		return d.Mode == Bar
	}
	file, ok := d.to().(*os.File)
	return ok && isTerminal(file) && moves(runtime.GOOS, os.Getenv)
}

// moves says whether a terminal can move its cursor. Old consoles of Windows
// can't unless they are told to; the newer ones give themselves away.
func moves(system string, env func(string) string) bool {
	if system == "windows" {
		return env("WT_SESSION") != "" || env("ConEmuANSI") == "ON" || env("TERM") != "" && env("TERM") != "dumb"
	}
	return env("TERM") != "dumb" && env("TERM") != ""
}

// columns is asked for each time: windows change.
func (d *Display) columns() int {
	if d.Width != nil {
		if n := d.Width(); n > 0 {
			return n
		}
		return columnsElsewhere
	}
	if file, ok := d.to().(*os.File); ok {
		if n, _, err := term.GetSize(int(file.Fd())); err == nil && n > 0 { //nolint:gosec // as above
			return n
		}
	}
	return columnsElsewhere
}

// printable makes one line of any name.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
