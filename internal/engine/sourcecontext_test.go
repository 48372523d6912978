package engine

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheContextOfASourceIsTheSameWheneverItIsLookedAt(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	ends := map[string]struct {
		end  func(stop func(), cancel context.CancelCauseFunc)
		want error
	}{
		"the reading ends":                    {func(stop func(), _ context.CancelCauseFunc) { stop() }, context.Canceled},
		"the run ends":                        {func(_ func(), cancel context.CancelCauseFunc) { cancel(broken) }, broken},
		"the reading ends and then the run":   {func(stop func(), cancel context.CancelCauseFunc) { stop(); cancel(broken) }, context.Canceled},
		"the run ends and then the reading":   {func(stop func(), cancel context.CancelCauseFunc) { cancel(broken); stop() }, broken},
		"the reading, the run, and once more": {func(stop func(), cancel context.CancelCauseFunc) { stop(); cancel(broken); stop() }, context.Canceled},
	}
	for name, c := range ends {
		for _, early := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				type key struct{}
				due := time.Now().Add(time.Hour)
				of, release := context.WithDeadline(context.WithValue(t.Context(), key{}, "value"), due)
				defer release()
				run, cancel := context.WithCancelCause(of)
				ctx := &sourceContext{outer: run}
				if early {
					require.NoError(t, ctx.Err())
				}
				c.end(ctx.stop, cancel)
				<-ctx.Done()
				require.ErrorIs(t, ctx.Err(), context.Canceled)
				require.Equal(t, c.want, context.Cause(ctx))
				require.Equal(t, "value", ctx.Value(key{}))
				deadline, ok := ctx.Deadline()
				require.True(t, ok)
				require.Equal(t, due, deadline)
				child, end := context.WithCancel(ctx)
				defer end()
				require.Equal(t, c.want, context.Cause(child))
			})
		}
	}
}

func TestWhatIsMadeOfTheContextOfASourceEndsWithIt(t *testing.T) {
	t.Parallel()
	run, cancel := context.WithCancel(t.Context())
	defer cancel()
	ctx := &sourceContext{outer: run}
	child, end := context.WithCancel(ctx)
	defer end()
	require.NoError(t, child.Err())
	ctx.stop()
	require.ErrorIs(t, child.Err(), context.Canceled, "at once: no goroutine passes it on")
	require.NoError(t, run.Err())
}
