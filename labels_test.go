package vimap_test

import (
	"bytes"
	"context"
	"runtime/pprof"
	"runtime/trace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/internal/testkit"
)

// labels returns the goroutines that have labels, as a profile tells of them.
func labels(t *testing.T) string {
	t.Helper()
	var profile strings.Builder
	require.NoError(t, pprof.Lookup("goroutine").WriteTo(&profile, 1))
	var all strings.Builder
	for line := range strings.Lines(profile.String()) {
		if strings.HasPrefix(line, "# labels:") {
			all.WriteString(line)
		}
	}
	return all.String()
}

// twoStages is a chain with workers of each kind that sleep for long.
func twoStages() vimap.Pipeline[int, int] {
	return testkit.Count(100, nil).
		Via(vimap.Func(testkit.Sleepy(time.Hour)).Named("fetch").Workers(2)).
		FlatMap(twice).
		Via(vimap.Func(testkit.Sleepy(time.Hour)).Named("send"))
}

func TestTheGoroutinesOfALabelledRunSayTheirStageAndWorker(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		ctx := pprof.WithLabels(testkit.Patient(t), pprof.Labels("job", "nightly"))
		run := twoStages().Start(vimap.Labelled(ctx))
		end := make(chan struct{})
		go func() {
			defer close(end)
			for range run.Zip() {
			}
		}()
		synctest.Wait()
		found := labels(t)
		for _, want := range []string{
			`"stage":"fetch", "worker":"0"`, `"stage":"fetch", "worker":"1"`, `"stage":"source", "worker":"0"`, `"stage":"flatmap", "worker":"0"`, `"job":"nightly"`,
		} {
			require.Contains(t, found, want)
		}
		<-end
		require.ErrorIs(t, run.Err(), context.DeadlineExceeded)
	})
}

func TestOtherRunsHaveNoLabels(t *testing.T) {
	testkit.Bubble(t, func(t *testing.T) {
		run := twoStages().Start(testkit.Patient(t))
		end := make(chan struct{})
		go func() {
			defer close(end)
			for range run.Zip() {
			}
		}()
		synctest.Wait()
		require.NotContains(t, labels(t), "stage")
		<-end
		require.ErrorIs(t, run.Err(), context.DeadlineExceeded)
	})
}

func TestAWorkerKeepsItsLabelsAfterAPanic(t *testing.T) {
	testkit.Quiet(t)
	var found string
	stage := vimap.Func(func(_ context.Context, n int) (int, error) {
		if n == 0 {
			panic("once")
		}
		found = labels(t)
		return n, nil
	}).Named("parse")
	_, err := testkit.Count(2, nil).Via(stage).Tolerate(1).To(vimap.Labelled(t.Context()), testkit.Collect)
	require.NoError(t, err)
	require.Contains(t, found, `"stage":"parse", "worker":"0"`)
}

func TestATraceHasTheRunAndItsStages(t *testing.T) {
	testkit.Quiet(t)
	var data bytes.Buffer
	if err := trace.Start(&data); err != nil {
		t.Skip("a trace is being taken")
	}
	_, err := testkit.Count(10, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) { return n, nil }).Named("parse").Workers(2)).To(t.Context(), testkit.Collect)
	trace.Stop()
	require.NoError(t, err)
	require.Contains(t, data.String(), "vimap run")
	require.Contains(t, data.String(), "parse")
}

func TestNamingGoroutinesIsFreeWhereNobodyAsks(t *testing.T) {
	rerun.Share(t, 6)
	testkit.Quiet(t)
	p := testkit.Count(10, nil).Via(vimap.Func(func(_ context.Context, n int) (int, error) { return n, nil }).Workers(4))
	allocs := func(ctx context.Context) float64 {
		return testing.AllocsPerRun(100, func() {
			_, err := p.To(ctx, testkit.Collect)
			require.NoError(t, err)
		})
	}
	plain, labelled := allocs(t.Context()), allocs(vimap.Labelled(t.Context()))
	require.Less(t, plain+4, labelled, "what labels allocate")
}
