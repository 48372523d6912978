package process_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
	"github.com/vimap-go/vimap/vimaptest"
)

// silent are options for tests whose children die noisily.
var silent = process.Options{Stderr: io.Discard}

// patient is a context that ends a test that hangs.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestChildrenDoTheWorkOfGoroutines(t *testing.T) {
	vimaptest.NoLeaks(t)
	for name, stage := range map[string]vimap.Stage[int, int]{
		"goroutines": double.Goroutines().Workers(2),
		"children":   double.Children(process.Options{}).Workers(2),
	} {
		t.Run(name, func(t *testing.T) {
			outs, err := sources.Slice(upTo(1000)).Via(stage).Ordered().To(patient(t), sinks.Collect)
			require.NoError(t, err)
			require.Len(t, outs, 1000)
			for i, out := range outs {
				require.Equal(t, 2*i, out)
			}
		})
	}
}
