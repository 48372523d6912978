package vimap

import (
	"errors"
	"log/slog"
	"sync"
)

// verdict is the error of a run, or of a pool. One that nobody has read when
// that is no longer reachable is logged.
type verdict struct {
	what string // that failed
	mu   sync.Mutex
	err  error
	read bool
	gone bool // nobody can read it any more
}

func (v *verdict) set(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err = err
	if v.gone {
		v.log()
	}
}

func (v *verdict) get() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.read = true
	return v.err
}

// peek is get for one who passes the error on to nobody.
func (v *verdict) peek() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.err
}

// logUnread runs when the run is gone.
func (v *verdict) logUnread() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.gone = true
	v.log()
}

// log logs an error that was not read. The caller holds mu.
func (v *verdict) log() {
	if v.read || v.err == nil {
		return
	}
	text := "vimap: " + v.what + " failed and nobody read its error"
	var p *PanicError
	if errors.As(v.err, &p) {
		slog.Error(text, "err", v.err, "stack", string(p.Stack))
		return
	}
	slog.Error(text, "err", v.err)
}
