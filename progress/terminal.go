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

func isTerminal(f *os.File) (yes bool) {
	control(f, func(fd int) { yes = term.IsTerminal(fd) })
	return yes
}

// control calls ask with the descriptor of f, which f.Fd may make a blocking one.
func control(f *os.File, ask func(fd int)) {
	if conn, err := f.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { ask(int(fd)) })
	}
}

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

// columns is asked for each time: windows change. The caller does not hold mu.
func (d *Display) columns() (columns int) {
	if d.Width != nil {
		defer func() {
			if recover() != nil {
				columns = columnsElsewhere
			}
		}()
		if n := d.Width(); n > 0 {
			return n
		}
		return columnsElsewhere
	}
	if file, ok := d.to().(*os.File); ok {
		n := 0
		control(file, func(fd int) { n, _, _ = term.GetSize(fd) })
		if n > 0 {
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
