package process_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

func TestTheTimeThatALaterStepTakesIsNotTheChilds(t *testing.T) {
	vimaptest.NoLeaks(t)
	rerun.Share(t, 4)
	o := silent
	o.Grace = 10 * time.Millisecond
	const limit = 500 * time.Millisecond
	run := sources.Slice(upTo(500)).Via(paced.Children(o).Timeout(limit)).Map(func(n int) int {
		if n%200 == 24 { // then the next is with the child
			time.Sleep(2 * limit)
		}
		return n
	}).Start(patient(t))
	for result := range run.Results() {
		require.NoError(t, result.Err)
	}
	require.NoError(t, run.Err())
	require.Zero(t, run.Stats().Restarts)
}

func TestAStringTravelsWhateverItsBytesAre(t *testing.T) {
	vimaptest.NoLeaks(t)
	all, run := outcomes(t, moody.Children(silent), "a", "raw", "\xff")
	e := failure(t, all[1].Err)
	require.Equal(t, process.Returned, e.Kind)
	require.Equal(t, "a byte: \xff", e.Text)
	require.Equal(t, "\xff", all[2].Out)
	require.Zero(t, run.Stats().Restarts)
	said, _ := outcomes(t, say.Children(silent), request{Words: []string{"\xff"}})
	require.NoError(t, said[0].Err)
	require.Equal(t, "0 [\xff]", said[0].Out.Text)
}

func TestOutputsThatFillTheBufferOfTheParent(t *testing.T) {
	vimaptest.NoLeaks(t)
	rerun.Share(t, 4)
	var ins []int
	for range 1000 { // the second ends behind the buffer, and half of that is not behind us
		ins = append(ins, 65_522, 65_536)
	}
	all, run := outcomes(t, manyBytes.Children(silent), ins...)
	for i, in := range ins {
		require.NoError(t, all[int64(i)].Err)
		require.Len(t, all[int64(i)].Out, in)
	}
	require.Zero(t, run.Stats().Restarts)
}

func TestAnInputThatIsTooMuchForItsChildIsChargedWhileItIsWritten(t *testing.T) {
	vimaptest.NoLeaks(t)
	rerun.Share(t, 4)
	o := silent
	o.Memory = 64 << 20
	all, _ := outcomes(t, manyLengths.Children(o).Restart(retry.Fixed(0).Attempts(3)), make([]byte, 1), make([]byte, 400<<20), make([]byte, 100_000))
	require.Equal(t, 1, all[0].Out)
	require.Equal(t, process.OutOfMemory, failure(t, all[1].Err).Kind)
	require.Equal(t, 100_000, all[2].Out)
}

func TestAnInputThatAChildDidNotReadIsNotCharged(t *testing.T) {
	vimaptest.NoLeaks(t)
	o := silent
	o.InFlight = 1
	all, run := outcomes(t, moody.Children(o), "deaf", "b")
	require.Equal(t, "deaf", all[0].Out)
	require.Equal(t, "b", all[1].Out)
	require.Equal(t, int64(1), run.Stats().Restarts)
}

func TestAChildThatWillNotStopOpeningIsNoWorkerThatIsStuck(t *testing.T) {
	vimaptest.NoLeaks(t)
	rerun.Share(t, 4)
	o := silent
	o.Grace = 3 * time.Second
	run := sources.Slice(upTo(1)).Via(stubborn.Children(o).OpenTimeout(100 * time.Millisecond).Restart(retry.Policy{})).Start(patient(t))
	for result := range run.Results() {
		require.Error(t, result.Err)
	}
	require.Error(t, run.Err())
	require.Zero(t, run.Stats().Stuck)
}
