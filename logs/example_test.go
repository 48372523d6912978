package logs_test

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/logs"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// plain is a logger to the standard output, without times.
func plain() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// send is a stage whose server is busy at first, and takes no "b".
func send() vimap.Stage[string, int] {
	calls := 0
	return vimap.Func(func(_ context.Context, word string) (int, error) {
		calls++
		switch {
		case calls == 1:
			return 0, errors.New("busy")
		case word == "b":
			return 0, retry.Permanent(errors.New("not taken"))
		}
		return len(word), nil
	}).Named("send").Retry(retry.Fixed(0))
}

// What a run does not return is logged: attempts that failed and were made good,
// and what became of the workers.
func ExampleTo() {
	_, _ = sources.Slice([]string{"a", "b"}).
		Via(send().Hooks(logs.To(plain().With("run", "words")).Hooks())).
		To(context.Background(), sinks.Ignore)
	// Unordered output:
	// level=WARN msg="item retried" run=words stage=send worker=0 item=0 attempt=1 error=busy
	// level=ERROR msg="item failed" run=words stage=send worker=0 item=1 attempt=1 error="not taken"
}

// The hooks may be those of a whole chain.
func ExampleLog_Hooks() {
	_, _ = sources.Slice([]string{"a"}).
		Via(send()).
		Hooks(logs.To(plain()).Hooks()).
		To(context.Background(), sinks.Ignore)
	// Output: level=WARN msg="item retried" stage=send worker=0 item=0 attempt=1 error=busy
}

// Inputs may be what nobody should see: they are left out unless asked for.
func ExampleLog_ShowInputs() {
	_, _ = sources.Slice([]string{"a"}).
		Via(send().Hooks(logs.To(plain()).ShowInputs().Hooks())).
		To(context.Background(), sinks.Ignore)
	// Output: level=WARN msg="item retried" stage=send worker=0 item=0 attempt=1 input=a error=busy
}
