package sources_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
)

func TestTheEndOfTheContextInterruptsAReadOfAConnection(t *testing.T) {
	quiet(t)
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		defer closing(here)
		defer closing(there)
		errEnough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errEnough)
		defer cancel()
		go func() { _, _ = io.WriteString(there, "a\nb") }()
		start := time.Now()
		var got []string
		run := sources.Reader(here).Start(ctx)
		for _, line := range run.Zip() {
			got = append(got, line)
		}
		require.Equal(t, []string{"a"}, got)
		require.ErrorIs(t, run.Err(), errEnough)
		require.Equal(t, time.Minute, time.Since(start))
	})
}

func TestAPipeCanBeReadAgainAfterAnInterruptedRun(t *testing.T) {
	quiet(t)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer closing(r)
	defer closing(w)
	before := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = before }()

	errEnough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	_, err = w.WriteString("a\n")
	require.NoError(t, err)
	run := sources.Lines().Start(ctx)
	for _, line := range run.Zip() {
		require.Equal(t, "a", line)
		cancel(errEnough) // the source is blocked in a read by now, or will be
	}
	require.ErrorIs(t, run.Err(), errEnough)

	_, err = w.WriteString("b\n")
	require.NoError(t, err)
	require.NoError(t, w.Close())
	got, err := collect(t, sources.Lines())
	require.NoError(t, err)
	require.Equal(t, []string{"b"}, got)
}

func TestStopEndsASourceThatWaits(t *testing.T) {
	for name, build := range map[string]func() (source vimap.Pipeline[string, string], send func(string)){
		"for a channel": func() (vimap.Pipeline[string, string], func(string)) {
			ch := make(chan string)
			return sources.Chan(ch), func(item string) { ch <- item }
		},
		"for a connection": func() (vimap.Pipeline[string, string], func(string)) {
			here, there := net.Pipe()
			return sources.Reader(here), func(item string) { _, _ = io.WriteString(there, item+"\n") }
		},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			synctest.Test(t, func(t *testing.T) {
				source, send := build()
				run := source.Start(t.Context())
				go func() {
					send("a")
					send("b")
					synctest.Wait()
					run.Stop()
				}()
				var got []string
				for _, item := range run.Zip() {
					got = append(got, item)
				}
				require.NoError(t, run.Err())
				require.Equal(t, []string{"a", "b"}, got)
			})
		})
	}
}

func TestFilesAreClosedWhenARunIsLeftEarly(t *testing.T) {
	path := file(t, "a.txt", numbered(10_000, 100))
	quiet(t)
	for range 20 {
		require.Len(t, take(t, 3, sources.Lines(path, path)), 3)
	}
}

func TestOneFileIsOpenAtATime(t *testing.T) {
	quiet(t)
	path := file(t, "a.txt", "a\n")
	before := openFiles(t)
	run := sources.Lines(repeat(path, 100)...).Start(t.Context())
	for range run.Zip() {
		require.LessOrEqual(t, openFiles(t), before+2) // and the one that looks
	}
	require.NoError(t, run.Err())
}
