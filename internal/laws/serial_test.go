package laws_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vimap-go/vimap/internal/laws"
	"github.com/vimap-go/vimap/vimaptest"
)

func TestARandomProgramKeepsEveryPromiseInASerialRun(t *testing.T) {
	t.Run("fake time", func(t *testing.T) {
		for _, seed := range seeds(t, *programs) {
			if t.Failed() {
				return
			}
			name, p := again(t, seed), laws.Draw(laws.Seeded(seed), true).Serial()
			func() {
				defer watchdog(t, name, p)()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
					defer cancel()
					held(t, name, seed, p, p.Check(vimaptest.Serial(ctx), synctest.Wait))
				})
			}()
		}
	})
}
