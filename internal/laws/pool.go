package laws

import (
	"context"
	"slices"

	"github.com/vimap-go/vimap"
)

// mayBePooled says that nothing is told of the stage's workers but by what
// becomes of its inputs: what is told of a pool's is not told by the run.
func (s *Step) mayBePooled() bool {
	for _, part := range s.parts() {
		if part.opens != "" || part.shuts != "" || slices.Contains(part.faults, "stuck") {
			return false
		}
	}
	return true
}

// setPooled says whether the workers of the stage are those of a pool.
func (s *Step) setPooled(is bool) {
	for _, part := range s.parts() {
		part.pooled = is
	}
}

// pools are those that the stages of a program use.
type pools struct {
	ctx   context.Context
	close []func() error
}

// of has the workers of a stage in a pool.
func (p *pools) of(stage vimap.Stage[int, int]) vimap.Stage[int, int] {
	pool := vimap.NewPool(p.ctx, stage)
	p.close = append(p.close, pool.Close)
	return pool.Stage()
}

// closeAll closes the pools: nothing can have gone wrong with their workers.
func (p *Program) closeAll(pools *pools) {
	for _, end := range pools.close {
		if err := end(); err != nil {
			p.report("said: a pool was closed with %v", err)
		}
	}
	if n := p.apart.Load(); n != 0 {
		p.report("quiet: %d functions run after the end of the pools", n)
	}
}
