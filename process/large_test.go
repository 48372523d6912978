package process_test

import (
	"context"
	"encoding/json/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/vimaptest"
)

// tooMuch is more than travels. Nobody touches it, so it costs no memory.
const tooMuch = 1<<30 + 1

var (
	manyBytes = process.Define("many bytes").Func(func(_ context.Context, n int) ([]byte, error) {
		return make([]byte, n), nil
	})
	longString = process.Define("long string").Func(func(_ context.Context, n int) (string, error) {
		b := make([]byte, n)
		return unsafe.String(&b[0], n), nil //nolint:gosec // it is not written to
	})

	// owner is encoded by a codec that returns what it made itself.
	owner = process.Define("owner").Codec(ownCodec{}).Func(func(_ context.Context, n int) (int, error) { return n + 1, nil })
)

// ownCodec does not append, though it should.
type ownCodec struct{}

func (ownCodec) Append(_ []byte, v any) ([]byte, error) { return json.Marshal(v) }
func (ownCodec) Decode(data []byte, v any) error        { return json.Unmarshal(data, v) }

func TestAnOutputThatIsTooLargeFailsAndCostsNoChild(t *testing.T) {
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
	vimaptest.NoLeaks(t)
	ins := upTo(1000)
	all, run := outcomes(t, owner.Children(silent), ins...)
	for i, in := range ins {
		require.NoError(t, all[int64(i)].Err)
		require.Equal(t, in+1, all[int64(i)].Out)
	}
	require.Zero(t, run.Stats().Restarts)
}
