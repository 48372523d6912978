package vimap_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
)

func TestMistakesWithStepsPanicWithTheirRule(t *testing.T) {
	p := testkit.Count(1, nil)
	for rule, mistake := range map[string]func(){
		"vimap: Take: n must not be negative, got -1":                              func() { p.Take(-1) },
		"vimap: Skip: n must not be negative, got -1":                              func() { p.Skip(-1) },
		"vimap: Distinct: key must not be nil":                                     func() { p.Distinct((func(int) int)(nil)) },
		"vimap: Tap: f must not be nil":                                            func() { p.Tap(nil) },
		"vimap: Throttle: limiter must not be nil":                                 func() { p.Throttle(nil) },
		"vimap: Sample: share must be above 0 and at most 1, got 1.5":              func() { p.Sample(1.5, 0) },
		"vimap: Enumerate: f must not be nil":                                      func() { p.Enumerate((func(int64, int) int)(nil)) },
		"vimap: Chunk: n must be at least 1, got 0":                                func() { p.Chunk(0, sum) },
		"vimap: Chunk: f must not be nil":                                          func() { p.Chunk(1, (func([]int) int)(nil)) },
		"vimap: Window: n must be at least 1, got 0":                               func() { p.Window(0, sum) },
		"vimap: Window: f must not be nil":                                         func() { p.Window(1, (func([]int) int)(nil)) },
		"vimap: InFlight: InFlight must be at least 2 with so many a Chunk, got 1": func() { p.Chunk(3, sum).InFlight(1) },
		"vimap: Chunk: InFlight must be at least 3 with so many a Chunk, got 2":    func() { p.InFlight(2).Chunk(3, sum).Chunk(3, sum) },
		"vimap: Batches: n must be at least 1, got 0":                              func() { p.Start(t.Context()).Batches(0, 0) },
		"vimap: Batches: linger must not be negative, got -1ns":                    func() { p.Start(t.Context()).Batches(1, -1) },
		"vimap: Tee: first must not be nil": func() {
			testkit.Quiet(t)
			_, _, _ = p.Start(t.Context()).Tee((func(*vimap.Run[int, int]) (int, error))(nil), testkit.Collect)
		},
	} {
		t.Run(rule, func(t *testing.T) { require.PanicsWithValue(t, rule, mistake) })
	}
}
