package vimap_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/testkit"
	"github.com/vimap-go/vimap/vimaptest"
)

// texts emits n lines in texts of 0 to 99 lines; the last has no end.
func texts[Line []byte | string](n int) vimap.Pipeline[Line, Line] {
	return vimap.Emit(func(_ context.Context, out *vimap.Emitter[Line]) error {
		out.Places(func(n int64) string { return fmt.Sprint("text:", n+1) })
		for i, length := 0, 0; i < n; length = (length + 37) % 100 {
			var text strings.Builder
			for end := min(i+length, n); i < end; i++ {
				fmt.Fprint(&text, i, []string{"\n", "\r\n"}[i%2])
			}
			whole := text.String()
			if i == n {
				whole = strings.TrimRight(whole, "\r\n")
			}
			if !vimap.EmitText(out, Line(whole)) {
				return nil
			}
		}
		return nil
	})
}

func TestTheLinesOfATextAreItems(t *testing.T) {
	testkit.Quiet(t)
	t.Run("strings", theLinesOfATextAreItems[string])
	t.Run("bytes", theLinesOfATextAreItems[[]byte])
}

func theLinesOfATextAreItems[Line []byte | string](t *testing.T) {
	const n = 2_000
	var want []string
	for i := range n {
		want = append(want, fmt.Sprint(i))
	}
	lines := texts[Line](n)
	str := func(_ context.Context, line Line) (string, error) { return string(line), nil }
	merged := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[Line]) error { return out.Merge(ctx, lines) })
	appended := vimap.Emit(func(ctx context.Context, out *vimap.Emitter[Line]) error { return out.Append(ctx, lines) })
	for name, p := range map[string]vimap.Pipeline[Line, string]{
		"a loop":   lines.Map(func(line Line) string { return string(line) }),
		"a worker": lines.Via(vimap.Func(str)),
		"workers":  lines.Via(vimap.Func(str).Workers(3)),
		"batches": lines.Via(vimap.Bulk(7, 0, func(_ context.Context, batch []Line) ([]string, error) {
			var all []string
			for _, line := range batch {
				all = append(all, string(line))
			}
			return all, nil
		}).Workers(2)),
		"keys":          lines.Via(vimap.Func(str).Workers(3).KeyBy(func(line Line) int { return len(line) })),
		"merged":        merged.Via(vimap.Func(str).Workers(3)),
		"appended":      appended.Via(vimap.Func(str).Workers(3)),
		"one in flight": lines.Via(vimap.Func(str).Workers(3)).InFlight(1),
		"few in flight": lines.Via(vimap.Func(str).Workers(3)).InFlight(5),
		"64 in flight":  lines.Via(vimap.Func(str).Workers(3)).InFlight(64),
		"two stages":    lines.Filter(func(line Line) bool { return len(line) > 0 }).Via(vimap.Func(str).Workers(2)).Via(vimap.Func(func(_ context.Context, s string) (string, error) { return s, nil }).Workers(2)),
	} {
		t.Run(name, func(t *testing.T) {
			for _, ctx := range []context.Context{t.Context(), vimaptest.Serial(t.Context())} {
				run := p.Ordered().Start(ctx)
				var ins, outs []string
				for in, out := range run.Zip() {
					ins, outs = append(ins, string(in)), append(outs, out)
				}
				require.NoError(t, run.Err())
				require.Equal(t, want, ins)
				require.Equal(t, want, outs)
				require.Equal(t, int64(n), run.Stats().Read)

				got, err := p.To(ctx, testkit.Collect)
				require.NoError(t, err)
				require.ElementsMatch(t, want, got)
			}
		})
	}
}

func TestAFailedLineOfATextHasItsIndexAndPlace(t *testing.T) {
	testkit.Quiet(t)
	odd := errors.New("odd")
	for _, ordered := range []bool{false, true} {
		p := texts[string](300).Via(vimap.Func(func(_ context.Context, line string) (string, error) {
			if strings.HasSuffix(line, "7") {
				return "", odd
			}
			return line, nil
		}).Workers(3))
		if ordered {
			p = p.Ordered()
		}
		all, run := testkit.Outcomes(t.Context(), p)
		require.NoError(t, run.Err())
		outs, failed := testkit.Split(all)
		require.Len(t, outs, 270)
		require.Len(t, failed, 30)
		for _, r := range all {
			require.Equal(t, fmt.Sprint(r.Index), r.In)
		}
		for _, r := range failed {
			var item *vimap.ItemError
			require.ErrorAs(t, r.Err, &item)
			require.Equal(t, r.Index, item.Index)
			require.Equal(t, fmt.Sprint("text:", r.Index+1), item.Place)
			require.Equal(t, r.In, item.Input)
		}
	}
}

func TestAnEmptyTextHasNoLines(t *testing.T) {
	testkit.Quiet(t)
	got, err := vimap.Emit(func(_ context.Context, out *vimap.Emitter[string]) error {
		require.True(t, vimap.EmitText(out, ""))
		require.True(t, vimap.EmitText(out, "\n"))
		return nil
	}).Via(vimap.Func(func(_ context.Context, line string) (string, error) { return line, nil }).Workers(2)).To(t.Context(), testkit.Collect)
	require.NoError(t, err)
	require.Equal(t, []string{""}, got)
}

func TestWhoAppendsToALineLeavesTheNextAlone(t *testing.T) {
	testkit.Quiet(t)
	const n = 500
	for workers := range 3 {
		p := texts[[]byte](n).Ordered().Map(func(line []byte) []byte { return append(line, "!!"...) })
		if workers > 0 {
			p = texts[[]byte](n).Ordered().Via(vimap.Func(func(_ context.Context, line []byte) ([]byte, error) { return append(line, "!!"...), nil }).Workers(workers))
		}
		run, i := p.Start(t.Context()), 0
		for in, out := range run.Zip() {
			require.Equal(t, fmt.Sprint(i), string(in))
			require.Equal(t, fmt.Sprint(i, "!!"), string(out))
			i++
		}
		require.NoError(t, run.Err())
		require.Equal(t, n, i)
	}
}
