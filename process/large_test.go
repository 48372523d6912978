package process_test

import (
	"context"
	"encoding/json/v2"
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/vimaptest"
)

// tooMuch is more than travels. Nobody touches it, so it costs no memory.
const tooMuch = 1<<30 + 1

var (
	manyBytes = process.Define("many bytes").Func(func(_ context.Context, n int) ([]byte, error) {
		return make([]byte, n), nil
	})
	manyLengths = process.Define("many lengths").Func(func(_ context.Context, b []byte) (int, error) { return len(b), nil })
	longString  = process.Define("long string").Func(func(_ context.Context, n int) (string, error) {
		b := make([]byte, n)
		return unsafe.String(&b[0], n), nil //nolint:gosec // it is not written to
	})

	// owner is encoded by a codec that returns what it made itself.
	owner = process.Define("owner").Codec(ownCodec{}).Func(func(_ context.Context, n int) (int, error) { return n + 1, nil })
)

// leaver is encoded by a codec that ends its goroutine.
var leaver = process.Define("leaver").Codec(leavingCodec{}).Func(func(_ context.Context, n int) (int, error) { return 10 * n, nil })

type leavingCodec struct{ ownCodec }

func (c leavingCodec) Append(buf []byte, v any) ([]byte, error) {
	if v == 20 {
		runtime.Goexit()
	}
	return c.ownCodec.Append(buf, v)
}

// ownCodec does not append, though it should.
type ownCodec struct{}

func (ownCodec) Append(_ []byte, v any) ([]byte, error) { return json.Marshal(v) }
func (ownCodec) Decode(data []byte, v any) error        { return json.Unmarshal(data, v) }

func TestAnOutputThatIsTooLargeFailsAndCostsNoChild(t *testing.T) {
	rerun.Share(t, 4)
	vimaptest.NoLeaks(t)
	raw, run := outcomes(t, manyBytes.Children(silent), 1, tooMuch, 100_000)
	require.Equal(t, process.BadEncoding, failure(t, raw[1].Err).Kind)
	require.Len(t, raw[2].Out, 100_000)
	require.Zero(t, run.Stats().Restarts)
	text, other := outcomes(t, longString.Children(silent), 1, tooMuch, 100_000)
	require.Equal(t, process.BadEncoding, failure(t, text[1].Err).Kind)
	require.Len(t, text[2].Out, 100_000)
	require.Zero(t, other.Stats().Restarts)
}

func TestACodecThatDoesNotAppendHarmsNothing(t *testing.T) {
	rerun.Share(t, 4)
	vimaptest.NoLeaks(t)
	ins := upTo(1000)
	all, run := outcomes(t, owner.Children(silent), ins...)
	for i, in := range ins {
		require.NoError(t, all[int64(i)].Err)
		require.Equal(t, in+1, all[int64(i)].Out)
	}
	require.Zero(t, run.Stats().Restarts)
}

func TestACodecThatEndsItsGoroutineHoldsNothing(t *testing.T) {
	vimaptest.NoLeaks(t)
	all, run := outcomes(t, leaver.Children(silent), 1, 2, 3)
	require.Equal(t, 10, all[0].Out)
	require.ErrorIs(t, all[1].Err, vimap.ErrGoexit)
	require.Equal(t, 30, all[2].Out)
	require.Equal(t, int64(1), run.Stats().Restarts)
}
