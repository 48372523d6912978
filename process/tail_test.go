package process_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

// writes is what a writer does.
type writes func()

func (w writes) Write(line []byte) (int, error) {
	w()
	return len(line), nil
}

func TestAWriterThatPanicsGetsNoMoreOfAChild(t *testing.T) {
	vimaptest.NoLeaks(t)
	all, _ := outcomes(t, moody.Children(process.Options{Stderr: writes(func() { panic("no room") })}), "a", "exit 3", "b")
	require.Equal(t, "a", all[0].Out)
	require.Equal(t, "b", all[2].Out)
	require.Contains(t, failure(t, all[1].Err).Stderr, "these are my last words\nprocess: what is written here is not passed on any more: ")
	require.Contains(t, failure(t, all[1].Err).Stderr, "no room")
}

func TestAWriterThatBlocksHoldsUpNoOther(t *testing.T) {
	vimaptest.NoLeaks(t)
	writing, free, ended := make(chan int, 1), make(chan int), make(chan int)
	blocked := &struct{ writes }{func() {
		writing <- 1
		<-free
	}}
	run := sources.Slice([]string{"exit 3"}).Via(moody.Children(process.Options{Stderr: blocked})).Start(patient(t))
	go func() {
		defer close(ended)
		for range run.Results() {
		}
	}()
	<-writing
	wrote := 0
	all, _ := outcomes(t, moody.Children(process.Options{Stderr: &struct{ writes }{func() { wrote++ }}}), "a", "exit 3")
	require.Equal(t, process.Crashed, failure(t, all[1].Err).Kind)
	require.Equal(t, 1, wrote)
	close(free)
	<-ended
	require.EqualValues(t, 1, run.Stats().Failed)
}
