package laws_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/vimap-go/vimap/internal/laws"
	"github.com/vimap-go/vimap/internal/rerun"
)

// usual is how many programs are run when nobody says.
const usual = 40

var (
	programs = flag.Int("programs", usual, "how many programs are run in fake and in real time each")
	seed     = flag.Uint64("seed", 0, "run the program of this seed again, and no other")
)

func TestMain(m *testing.M) {
	childhood()
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "rapid.checks" })
	if !chosen {
		if err := flag.Set("rapid.checks", "15"); err != nil {
			panic(err)
		}
	}
	debug.SetGCPercent(400)
	goleak.VerifyTestMain(m)
}

// seeds are those of n programs to run, or of fewer when t runs again and n was not
// asked for: they are others each time.
func seeds(t *testing.T, n int) []uint64 {
	if *seed != 0 {
		return []uint64{*seed}
	}
	if n == usual {
		n = rerun.Rounds(t, n, n/3)
	}
	all := make([]uint64, n)
	for i := range all {
		all[i] = 1 + rand.Uint64N(1<<48)
	}
	return all
}

// again is the command that runs a program again.
func again(t *testing.T, seed uint64) string {
	t.Helper()
	test, part, _ := strings.Cut(t.Name(), "/")
	return fmt.Sprintf("GOTOOLCHAIN=auto go test ./internal/laws -run '^%s$/^%s$' -count=20 -seed=%d", test, part, seed)
}

// held fails t if the program did not keep a promise.
func held(t *testing.T, name string, seed uint64, p *laws.Program, report laws.Report) {
	t.Helper()
	if len(report.Violations) > 0 {
		t.Errorf("%s\n%s\nrun it again, 20 times: %s", strings.Join(report.Violations, "\n"), p, name)
	}
}

// watchdog ends the process, with all stacks, if a program hangs.
func watchdog(t *testing.T, name string, p *laws.Program) (end func() bool) {
	t.Helper()
	return time.AfterFunc(time.Minute, func() {
		fmt.Fprintf(os.Stderr, "a program hangs:\n%s\nrun it again: %s\n", p, name)
		panic("a program hangs")
	}).Stop
}

func TestARandomProgramKeepsEveryPromise(t *testing.T) {
	t.Run("fake time", func(t *testing.T) {
		for _, seed := range seeds(t, *programs) {
			if t.Failed() {
				return
			}
			name, p := again(t, seed), laws.Draw(laws.Seeded(seed), true)
			func() {
				end := watchdog(t, name, p)
				defer func() {
					end()
					if r := recover(); r != nil {
						t.Fatalf("%v\n%s\nrun it again: %s", r, p, name)
					}
				}()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
					defer cancel()
					held(t, name, seed, p, p.Check(ctx, synctest.Wait))
				})
			}()
		}
	})
	t.Run("real time", func(t *testing.T) {
		for _, seed := range seeds(t, *programs) {
			if t.Failed() {
				return
			}
			name, p := again(t, seed), laws.Draw(laws.Seeded(seed), false)
			end := watchdog(t, name, p)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			held(t, name, seed, p, p.Check(ctx, nil))
			cancel()
			end()
		}
	})
}

// Where a seed gives one program, rapid makes one that fails smaller.
func TestASmallRandomProgramKeepsEveryPromise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := func(low, high int) int { return rapid.IntRange(low, high).Draw(t, "choice") }
		p := laws.Draw(number, true)
		rapid.SyncTest(t, func(t *rapid.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			defer cancel()
			report := p.Check(ctx, synctest.Wait)
			require.Empty(t, report.Violations, "%s", p)
		})
	})
}

func TestASeedGivesTheSameProgramEachTime(t *testing.T) {
	for seed := range uint64(200) {
		for _, fake := range []bool{false, true} {
			first, second := laws.Draw(laws.Seeded(seed), fake), laws.Draw(laws.Seeded(seed), fake)
			require.Equal(t, first.String(), second.String())
		}
	}
}
