package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// Twice: what one bubble leaves in a global, such as a pooled channel, breaks
// the next.
func TestEverythingRunsInsideABubbleWithTimeOutsAndBackOffInFakeTime(t *testing.T) {
	for range 2 {
		testkit.Bubble(t, func(t *testing.T) {
			began := time.Now()
			var crew testkit.Crew
			refused := false
			workers := testkit.Dialled(&crew, func(context.Context, string) error {
				if !refused {
					refused = true
					return testkit.ErrRefused
				}
				return nil
			}, testkit.Sleepy(time.Minute), "a").Restart(retry.Exponential(time.Hour, time.Hour).Jitter(0).Attempts(2))
			tried := testkit.NewCalls()
			limited := vimap.Func(func(ctx context.Context, n int) (int, error) {
				if tried.Try(n) == 1 && n == 2 {
					return testkit.Sleepy(24*time.Hour)(ctx, n)
				}
				return n, nil
			}).Workers(2).Timeout(time.Hour).Retry(retry.Fixed(time.Hour).Attempts(2))
			loop := crew.Loop(2, func(ctx context.Context, feed *vimap.Feed[int, int], n int) bool {
				feed.Yield(testkit.Sleepy(time.Minute)(ctx, n))
				return false
			})
			batch := vimap.Bulk(100, time.Hour, func(_ context.Context, ns []int) ([]int, error) { return ns, nil })

			ctx, cancel := context.WithTimeout(t.Context(), 48*time.Hour)
			defer cancel()
			text := strings.NewReader("0\n1\n2\n3\n")
			read := sources.JSONLines[int](file(t, "numbers.jsonl", "0\n1\n2\n3\n"))
			for name, p := range map[string]vimap.Pipeline[int, int]{
				"slice": sources.Slice(testkit.UpTo(4)), "iterator": sources.Seq(slices.Values(testkit.UpTo(4))), "file": read,
			} {
				refused = false
				pairs, err := p.Filter(func(int) bool { return true }).Via(workers.Then(limited).Then(loop)).
					Via(limited.KeyBy(func(n int) int { return n % 2 })).Via(vimap.Zip(batch)).
					Ordered().To(ctx, sinks.Zip)
				require.NoError(t, err, name)
				require.Len(t, pairs, 4)
				for i, pair := range pairs {
					require.Equal(t, i, pair.Out.Out)
				}
			}
			lines, err := sources.Reader(text).To(ctx, sinks.Lines(file(t, "out", "")).Outputs)
			require.NoError(t, err)
			require.Equal(t, int64(4), lines)
			require.Greater(t, time.Since(began), 3*time.Hour, "a restart's wait in each run")
			crew.RequireClosed(t)
		})
	}
}

// file writes a file and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}
