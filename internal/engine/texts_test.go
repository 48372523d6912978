package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// textHead is a head of lines that several workers take.
func textHead[Line []byte | string](inFlight int) *Head[Line] {
	run := New(context.Background(), &Faults{}, inFlight, false)
	h := &Head[Line]{run: run, seg: newSegment(run, nil)}
	h.emitter.h, h.origins, h.ring = h, &h.store, &h.own
	h.seg.stores = append(h.seg.stores, h.origins)
	h.ring.join(h.seg, new(gate))
	cutsTexts(h)
	h.ring.crowd = true
	h.seg.least = 200
	h.seg.settle(inFlight)
	return h
}

func TestWhoTakesATextCutsIt(t *testing.T) {
	t.Run("strings", whoTakesATextCutsIt[string])
	t.Run("bytes", whoTakesATextCutsIt[[]byte])
}

func whoTakesATextCutsIt[Line []byte | string](t *testing.T) {
	h := textHead[Line](0)
	h.emitter.Places(func(n int64) string { return fmt.Sprint("text:", n+1) })
	require.True(t, EmitText(&h.emitter, Line("one\ntwo\r\n\nfo\rur\n\r\nsix")))
	require.Equal(t, Text, h.ring.buf[0].State, "the source did not cut it")
	require.Equal(t, Part, h.ring.buf[1].State)

	taken := make([]Item[Line], 8)
	require.Equal(t, 2, h.ring.takeLocked(taken[:2]))
	require.Equal(t, Text, h.ring.buf[2].State, "the rest is one, too")
	require.Equal(t, 4, h.ring.takeLocked(taken[2:]))
	h.ring.cut(taken[:2])
	h.ring.cut(taken[2:6])
	for i, want := range []string{"one", "two", "", "fo\rur", "", "six"} {
		it := taken[i]
		require.Equal(t, Live, it.State)
		require.Equal(t, want, string(it.Val))
		require.Equal(t, want, string(*h.origins.At(it.Slot)))
		require.Equal(t, int64(i), h.seg.seqOf(it.Slot))
		require.Equal(t, fmt.Sprint("text:", i+1), h.seg.placeOf(it.Slot).Name(int64(i)))
		if want == "" {
			var none Line
			require.Equal(t, none, it.Val, "it keeps nothing alive")
		}
	}
}

// Texts of many lengths, everywhere in the ring, are taken in parts of many
// lengths, some of which are given back.
func TestTextsComeThroughWhateverIsTakenAtOnce(t *testing.T) {
	for size := 1; size < 200; size += 13 {
		h := textHead[string](0)
		taken := make([]Item[string], size)
		read, lines := int64(0), 0
		drain := func() {
			var slots []int32
			for h.ring.more() {
				n := h.ring.takeLocked(taken)
				h.ring.cut(taken[:n])
				done := (n + 1) / 2
				for _, it := range taken[:done] {
					require.Equal(t, fmt.Sprint("line ", read), it.Val)
					require.Equal(t, read, h.seg.seqOf(it.Slot))
					require.Equal(t, it.Val, *h.origins.At(it.Slot))
					read++
					slots = append(slots, it.Slot)
				}
				h.ring.giveBack(taken[done:n])
			}
			h.seg.release(slots)
		}
		for length := range 90 {
			var text strings.Builder
			for range length {
				fmt.Fprintln(&text, "line", lines)
				lines++
			}
			if out := h.seg.taken - len(h.seg.stash); out+length >= h.seg.limit {
				drain() // or the head would wait
			}
			require.True(t, EmitText(&h.emitter, text.String()))
		}
		drain()
		require.Equal(t, int64(lines), read)
	}
}

func TestSeveralWorkersCutOthersDoNot(t *testing.T) {
	same := func(_ context.Context, line string) (string, error) { return line, nil }
	for name, c := range map[string]struct {
		workers int
		stage   Stage[string, string]
		cut     bool
	}{
		"one worker":      {1, Stage[string, string]{Do: same}, false},
		"two":             {2, Stage[string, string]{Do: same}, true},
		"two with keys":   {2, Stage[string, string]{Do: same, Key: func(line string) any { return line }}, false},
		"two for batches": {2, Stage[string, string]{Bulk: func(_ context.Context, all []string) ([]string, error) { return all, nil }, Size: 2}, false},
		"several in hand": {2, Stage[string, string]{Several: true, Open: func(context.Context, int) (w Worker[string, string], err error) { return w, nil }}, true},
	} {
		t.Run(name, func(t *testing.T) {
			run := New(t.Context(), &Faults{}, 0, false)
			f, _ := Source(run, func(context.Context, *Emitter[string]) error { return nil }, true)
			End(Via(f, Spec{Name: "stage", Workers: c.workers}, c.stage), false)
			require.Equal(t, c.cut, run.heads[0].(*Head[string]).ring.crowd)
		})
	}
}
