package progress_test

import (
	"context"
	"errors"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/progress"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func TestABarShowsHowFarTheRunIsAndALineSumsItUp(t *testing.T) {
	for name, p := range map[string]vimap.Pipeline[int, int]{
		"as they come": numbers(100).Via(steady(100 * time.Millisecond)),
		"ordered":      numbers(100).Via(steady(100 * time.Millisecond)).Ordered(),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newScreen(80, 5)
				lines := shownAfter(t, s, 5050*time.Millisecond, p, "counting")
				require.Len(t, lines, 1)
				require.Regexp(t, `^counting   (49|50)%  \[=+>\s+\]  (49|50)/100  (9\.\d|10)/s  ETA (4|5)s$`, lines[0])

				s = newScreen(80, 5)
				_, err := p.To(s.Show(t.Context(), "counting"), sinks.Collect)
				require.NoError(t, err)
				require.Equal(t, []string{"counting: 100 items in 10s, 10/s"}, s.lines())
			})
		})
	}
}

func TestTheEstimateIsStable(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScreen(80, 5)
		// One of ten takes half of the time.
		uneven := vimap.Func(func(_ context.Context, n int) (int, error) {
			time.Sleep(50 * time.Millisecond)
			if n%10 == 9 {
				time.Sleep(500 * time.Millisecond)
			}
			return n, nil
		})
		began, total := time.Now(), 100*time.Second
		eta := regexp.MustCompile(`ETA (?:(\d+)m)?(\d+)s`)
		estimates := 0
		s.To = watcher(func(p []byte) {
			passed := time.Since(began)
			for _, match := range eta.FindAllStringSubmatch(string(p), -1) {
				minutes, _ := strconv.Atoi(match[1])
				seconds, err := strconv.Atoi(match[2])
				require.NoError(t, err)
				left := total - passed
				if passed < 5*time.Second {
					continue // it has seen little
				}
				estimates++
				require.InDelta(t, left.Seconds(), float64(60*minutes+seconds), max(2, 0.1*left.Seconds()))
			}
		})
		_, err := numbers(1000).Via(uneven).To(s.Show(t.Context(), ""), sinks.Ignore)
		require.NoError(t, err)
		require.Equal(t, total, time.Since(began))
		require.Greater(t, estimates, 400)
	})
}

type watcher func([]byte)

func (w watcher) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

func TestWhatIsNotKnownIsNotShown(t *testing.T) {
	endless := vimap.From(func(context.Context) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for i := 0; yield(i, nil); i++ {
			}
		}
	})
	for name, test := range map[string]struct {
		p    vimap.Pipeline[int, int]
		want string
	}{
		"no end": {endless.Via(steady(100 * time.Millisecond)), `^x  (49|50)  (9\.\d|10)/s  5s$`},
		"the first item takes long": {
			numbers(10).Via(steady(time.Hour)), `^x    0%  \[ +\]  0/10  5s$`,
		},
		"no item yet": {
			vimap.Emit(func(ctx context.Context, _ *vimap.Emitter[int]) error {
				<-ctx.Done()
				return nil
			}), `^x  0  5s$`,
		},
		"workers are opened": {
			numbers(10).Via(vimap.Open(func(ctx context.Context) (int, error) {
				time.Sleep(time.Minute)
				return 0, ctx.Err()
			}).Do(func(int, context.Context, int) (int, error) { return 0, nil })), `^x  0  5s$`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				lines := shownAfter(t, newScreen(60, 5), 5050*time.Millisecond, test.p, "x")
				require.Len(t, lines, 1)
				require.Regexp(t, test.want, lines[0])
			})
		})
	}
}

func TestASourceThatHasEndedIsKnownToTheLastItem(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := sources.Seq(slices.Values(make([]int, 10))).InFlight(20).Via(steady(time.Second))
		lines := shownAfter(t, newScreen(80, 5), 5050*time.Millisecond, p, "x")
		require.Regexp(t, `^x   (40|50)%  .*  (4|5)/10  (1\.\d/s|\d\d/min)  ETA [4-7]s$`, lines[0])
	})
}

func TestFailuresAndRetriesAreCounted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScreen(100, 5)
		stage := vimap.Func(func(_ context.Context, n int) (int, error) {
			time.Sleep(100 * time.Millisecond)
			if n%2 == 0 {
				return 0, errors.New("no even numbers")
			}
			return n, nil
		}).Retry(retry.Exponential(time.Millisecond, time.Millisecond).Jitter(0).Attempts(2))
		run := numbers(20).Via(stage).Start(s.Show(t.Context(), "x"))
		for range run.Results() {
		}
		require.NoError(t, run.Err())
		require.Regexp(t, `^x: 20 items in 3(\.\d+)?s, 6\.\d/s, 10 failed, 10 retried$`, s.lines()[0])
		require.Regexp(t, `\d failed  \d+ retried  `, s.all.String())
	})
}

func TestBytesAreWhatThereIsToDoWhereTheSourceCountsThem(t *testing.T) {
	bubble(t, func(t *testing.T) {
		source := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
			out.Total(1_000_000, "bytes")
			for i := range 100 {
				if !out.One(i) {
					break
				}
				out.Advance(10_000)
			}
			return nil
		}).InFlight(2)
		lines := shownAfter(t, newScreen(80, 5), 5050*time.Millisecond, source.Via(steady(100*time.Millisecond)), "x")
		require.Regexp(t, `^x   (48|49|50)%  .*  (49|50)  (48|49|50)\d\.\dKB/1\.0MB  (9\.\d|10)/s  ETA 5s$`, lines[0])
	})
}

func TestOutputsOfFlatMapAndDroppedItemsAreToldApart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScreen(80, 5)
		twice := func(n int) iter.Seq[int] { return slices.Values([]int{n, n}) }
		_, err := numbers(10).FlatMap(twice).Via(steady(100*time.Millisecond)).To(s.Show(t.Context(), "x"), sinks.Ignore)
		require.NoError(t, err)
		require.Equal(t, []string{"x: 10 items in 2s, 5.0/s, 20 delivered"}, s.lines())

		s = newScreen(80, 5)
		_, err = numbers(10).Via(steady(100*time.Millisecond)).Filter(func(n int) bool { return n > 6 }).To(s.Show(t.Context(), ""), sinks.Ignore)
		require.NoError(t, err)
		require.Equal(t, []string{"10 items in 1s, 10/s, 3 delivered"}, s.lines())
	})
}

func TestARunWithoutItemsIsSummedUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScreen(80, 5)
		_, err := numbers(0).To(s.Show(t.Context(), "x"), sinks.Ignore)
		require.NoError(t, err)
		require.Equal(t, []string{"x: 0 items in 0s"}, s.lines())
	})
}

func TestTheLineFitsIntoEveryWindow(t *testing.T) {
	rerun.Share(t, 8)
	for columns := 1; columns <= 130; columns += 3 {
		bubble(t, func(t *testing.T) {
			s := newScreen(columns, 6)
			stage := steady(time.Second).Retry(retry.Exponential(time.Millisecond, time.Millisecond))
			lines := shownAfter(t, s, 65*time.Second, numbers(100).Via(stage), "名前\n a long name")
			require.LessOrEqual(t, len(lines), 1, "%d columns: %q", columns, lines)
			if columns >= 8 {
				require.Regexp(t, "6[45]%", lines[0], "%d columns", columns)
			}
			if columns > 70 {
				require.Contains(t, lines[0], "[", "%d columns", columns)
			}
		})
	}
}

func TestAWindowThatGetsNarrowerHasOneBar(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newScreen(80, 6)
		for i, columns := range []int{50, 30, 12, 60} {
			time.AfterFunc(time.Duration(i)*time.Second+1100*time.Millisecond, func() { s.resize(columns) })
		}
		lines := shownAfter(t, s, 4500*time.Millisecond, numbers(100).Via(steady(100*time.Millisecond)), "x")
		require.Len(t, lines, 1)
		require.True(t, strings.HasPrefix(lines[0], "x   4"), lines[0])
	})
}

func TestWithoutATerminalThereIsALineFromTimeToTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for name, mode := range map[string]progress.Mode{"chosen": progress.Lines, "by itself": progress.Auto} {
			s := newScreen(80, 24)
			s.Mode, s.Every = mode, 4*time.Second
			_, err := numbers(100).Via(steady(100*time.Millisecond)).To(s.Show(t.Context(), "x"), sinks.Ignore)
			require.NoError(t, err)
			require.Regexp(t, `^x: *(39|40)%, (39|40) of 100 items, (9\.\d|10)/s, ETA \ds
x: *(78|79|80)%, (79|80) of 100 items, (9\.\d|10)/s, ETA \ds
x: 100 items in 10s, 10/s
$`, s.all.String(), name)
		}
	})
}
