package vimap

import (
	"errors"
	"log/slog"
	"sync"
)

// verdict is the error of a run. One that nobody has read when the run is no
// longer reachable is logged.
type verdict struct {
	mu   sync.Mutex
	err  error
	read bool
}

func (v *verdict) set(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.err = err
}

func (v *verdict) get() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.read = true
	return v.err
}

// logUnread runs when the run is gone.
func (v *verdict) logUnread() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.read {
		return
	}
	var p *PanicError
	if errors.As(v.err, &p) {
		slog.Error("vimap: a run failed and nobody read its error", "err", v.err, "stack", string(p.Stack))
		return
	}
	slog.Error("vimap: a run failed and nobody read its error", "err", v.err)
}
