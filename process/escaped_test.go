//go:build linux

package process_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/vimaptest"
)

// What a program started may live on in a session of its own and hold the
// program's output open: no one waits for that.
func TestWhatEscapesFromAProgramHoldsNothingUp(t *testing.T) {
	rerun.Share(t, 4)
	vimaptest.NoLeaks(t)
	needs(t, "setsid")
	script := "read x; setsid sleep 3 & sleep 0.2; exit 3"
	all, _ := outcomes(t, process.Command("sh", "-c", script).With(silent).Lines(), "a")
	e := failure(t, all[0].Err)
	require.Equal(t, process.Crashed, e.Kind)
	require.Equal(t, "exit status 3", e.Status)
	once, _ := outcomes(t, process.Command("sh", "-c", "cat; setsid sleep 3 & sleep 0.2").With(silent).Once(), []byte("a"))
	require.NoError(t, once[0].Err)
	require.Equal(t, "a", string(once[0].Out))
}
