package logs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/vimap-go/vimap"
)

// Log is a logger and what it is told. It is an immutable value, made by [To].
type Log struct {
	logger     *slog.Logger
	showInputs bool
}

// To returns a Log that writes to logger, which must not be nil. What belongs to
// all records, such as the name of the run, is given to the logger by its With
// or WithGroup.
func To(logger *slog.Logger) Log {
	if logger == nil {
		panic("logs: To: logger must not be nil")
	}
	return Log{logger: logger}
}

// ShowInputs has records of items hold the input of the stage: a string of up to
// 200 bytes, a number, a bool or a time as it is, a slog.LogValuer as it says,
// anything else by the name of its type. Others are not printed, because a
// function that was abandoned may still be writing to them.
func (l Log) ShowInputs() Log {
	l.showInputs = true
	return l
}

// Hooks returns hooks for a stage, or for all stages of a pipeline. They may
// serve any number of runs. The logger is asked for its level now: an event
// that it does not want now is never logged by these hooks.
func (l Log) Hooks() vimap.Hooks {
	var h vimap.Hooks
	if l.wants(slog.LevelDebug) {
		h.AttemptFailed = l.item(slog.LevelDebug, "attempt failed")
		h.ItemDone = l.item(slog.LevelDebug, "item done")
	}
	said := l.wants(slog.LevelInfo)
	if said {
		h.WorkerOpened = l.worker(slog.LevelInfo, "worker opened")
	}
	if l.wants(slog.LevelWarn) {
		h.WorkerRestarted = l.worker(slog.LevelWarn, "worker restarted")
		h.ItemRetried = l.item(slog.LevelWarn, "item retried")
	}
	if l.wants(slog.LevelError) {
		h.WorkerStuck = l.worker(slog.LevelError, "worker stuck")
		h.WorkerGivenUp = l.worker(slog.LevelError, "worker given up")
		h.WorkerClosed = l.closed(said)
		h.ItemFailed = l.item(slog.LevelError, "item failed")
	}
	return h
}

// closed logs an end of a worker: one that went wrong is another matter.
func (l Log) closed(said bool) func(vimap.WorkerEvent) {
	well, wrong := l.worker(slog.LevelInfo, "worker closed"), l.worker(slog.LevelError, "closing failed")
	return func(e vimap.WorkerEvent) {
		switch {
		case e.Err != nil:
			wrong(e)
		case said:
			well(e)
		}
	}
}

func (l Log) wants(level slog.Level) bool { return l.logger.Enabled(context.Background(), level) }

func (l Log) worker(level slog.Level, text string) func(vimap.WorkerEvent) {
	return func(e vimap.WorkerEvent) {
		var space [5]slog.Attr
		about := append(space[:0], slog.String("stage", e.Stage), slog.Int("worker", e.Worker))
		failed, ok := errors.AsType[*vimap.WorkerError](e.Err)
		if ok {
			about = append(about, slog.String("phase", failed.Phase))
		}
		stack := panicStack(e.Err)
		if stuck, is := e.Err.(*vimap.StuckError); is { //nolint:errorlint // what comes of it later is told without its stack
			stack = stuck.Stack
		} else if level == slog.LevelWarn && !ok {
			stack = nil // it stands with the item
		}
		l.write(level, text, about, e.Err, stack)
	}
}

func (l Log) item(level slog.Level, text string) func(vimap.ItemEvent) {
	return func(e vimap.ItemEvent) {
		var space [9]slog.Attr
		about := append(space[:0], slog.String("stage", e.Stage), slog.Int("worker", e.Worker))
		if e.Index >= 0 {
			about = append(about, slog.Int64("item", e.Index))
		}
		if place := e.Place(); place != "" {
			about = append(about, slog.String("place", place))
		}
		about = append(about, slog.Int("attempt", e.Attempt))
		if e.Wait > 0 {
			about = append(about, slog.Duration("wait", e.Wait))
		}
		if l.showInputs {
			about = append(about, slog.Attr{Key: "input", Value: shown(e.Input)})
		}
		var stack []byte
		if level > slog.LevelDebug { // what follows on a failed attempt has it
			stack = panicStack(e.Err)
		}
		l.write(level, text, about, e.Err, stack)
	}
}

func (l Log) write(level slog.Level, text string, about []slog.Attr, err error, stack []byte) {
	if err != nil {
		about = append(about, slog.Any("error", err))
	}
	if len(stack) > 0 {
		about = append(about, slog.String("stack", string(stack)))
	}
	l.logger.LogAttrs(context.Background(), level, text, about...)
}

func panicStack(err error) []byte {
	if panicked, ok := errors.AsType[*vimap.PanicError](err); ok {
		return panicked.Stack
	}
	return nil
}

const mostShown = 200

// shown is an input as a log may hold it: text and numbers, made now.
func shown(in any) slog.Value {
	if v, ok := in.(slog.LogValuer); ok {
		return slog.AnyValue(v).Resolve()
	}
	switch in := in.(type) {
	case string:
		if len(in) > mostShown {
			return slog.StringValue(in[:mostShown] + "…")
		}
		return slog.StringValue(in)
	case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, uintptr,
		float32, float64, time.Time, time.Duration:
		return slog.AnyValue(in)
	case []byte:
		return slog.StringValue(fmt.Sprintf("%d bytes", len(in)))
	}
	return slog.StringValue(fmt.Sprintf("%T", in))
}
