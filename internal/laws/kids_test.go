package laws_test

import (
	"context"
	"flag"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/laws"
	"github.com/vimap-go/vimap/process"
)

var families = flag.Int("families", 3, "how many programs with child processes are run")

// childhood has the test binary be a child if it was started as one.
func childhood() {
	// Or a child with the race detector takes a second to end.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	process.Init()
}

func TestARandomProgramOfChildrenKeepsEveryPromise(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no children here")
	}
	t.Run("real time", func(t *testing.T) {
		for _, one := range seeds(t, *families) {
			if t.Failed() {
				return
			}
			name, p := again(t, one), laws.DrawKids(laws.Seeded(one))
			end := watchdog(t, name, p)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			held(t, name, one, p, p.CheckKids(ctx))
			cancel()
			end()
		}
	})
}

func TestASeedGivesTheSameFamilyEachTime(t *testing.T) {
	for seed := range uint64(200) {
		first, second := laws.DrawKids(laws.Seeded(seed)), laws.DrawKids(laws.Seeded(seed))
		require.Equal(t, first.String(), second.String())
	}
}
