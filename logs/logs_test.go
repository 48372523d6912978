package logs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/logs"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sources"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book is a logger that keeps its records as JSON.
type book struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *book) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *book) logger(level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: level}))
}

// records returns what was logged, without its times.
func (b *book) records(t *testing.T) (all []map[string]any) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for decoder := json.NewDecoder(bytes.NewReader(b.buf.Bytes())); decoder.More(); {
		record := map[string]any{}
		require.NoError(t, decoder.Decode(&record))
		delete(record, slog.TimeKey)
		all = append(all, record)
	}
	return all
}

// where returns the records with a message.
func where(all []map[string]any, text string) (found []map[string]any) {
	for _, record := range all {
		if record[slog.MessageKey] == text {
			found = append(found, record)
		}
	}
	return found
}

// of returns the records of an item.
func of(all []map[string]any, item float64) (found []map[string]any) {
	for _, record := range all {
		if record["item"] == item {
			found = append(found, record)
		}
	}
	return found
}

var (
	errBusy    = errors.New("busy")
	errRefused = errors.New("refused")
	errCurtain = errors.New("will not close")
)

// words is a source whose items have places.
func words(all ...string) vimap.Pipeline[string, string] {
	return vimap.Emit(func(_ context.Context, out *vimap.Emitter[string]) error {
		out.Places(func(n int64) string { return fmt.Sprintf("words.txt:%d", n+1) })
		out.Many(all)
		return nil
	})
}

// troubled is a stage in which everything that can be logged comes to pass, over
// the words "well", "again", "bad", "panic" and "deaf". release ends the call that
// is deaf.
func troubled(release <-chan struct{}) vimap.Stage[string, int] {
	var mu sync.Mutex
	tried, opened := map[string]int{}, 0
	return vimap.Open(func(context.Context) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		if opened++; opened == 1 {
			return 0, errRefused
		}
		return opened, nil
	}).Close(func(n int) error {
		if n == 2 {
			return errCurtain
		}
		return nil
	}).Do(func(_ int, _ context.Context, word string) (int, error) {
		mu.Lock()
		tried[word]++
		first := tried[word] == 1
		mu.Unlock()
		switch {
		case word == "bad", word == "again" && first:
			return 0, errBusy
		case word == "panic":
			panic("boom")
		case word == "deaf" && first:
			<-release
		}
		return len(word), nil
	}).Named("send").Timeout(time.Second).Retry(retry.Fixed(time.Millisecond).Attempts(2)).
		Restart(retry.Fixed(time.Millisecond).Attempts(3))
}

// drained runs p to its end.
func drained(t *testing.T, p vimap.Pipeline[string, int]) error {
	t.Helper()
	run := p.Start(t.Context())
	for range run.Results() {
	}
	return run.Err()
}

func TestEveryEventIsARecordWithItsLevelAndItsAttributes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, release := new(book), make(chan struct{})
		stage := troubled(release).Hooks(logs.To(b.logger(slog.LevelDebug)).ShowInputs().Hooks())
		err := drained(t, words("well", "again", "bad", "panic", "deaf").Via(stage))
		close(release)
		require.ErrorIs(t, err, errCurtain)

		all := b.records(t)
		for _, record := range all {
			require.Equal(t, "send", record["stage"])
			require.InDelta(t, 0, record["worker"], 0)
		}
		require.Equal(t, map[string]any{
			"level": "DEBUG", "msg": "item done", "stage": "send", "worker": 0., "item": 0., "place": "words.txt:1", "attempt": 1., "input": "well",
		}, where(all, "item done")[0])
		require.Len(t, where(all, "item done"), 3)

		again := map[string]any{
			"level": "DEBUG", "msg": "attempt failed", "stage": "send", "worker": 0., "item": 1., "place": "words.txt:2", "attempt": 1., "input": "again", "error": "busy",
		}
		require.Contains(t, all, again)
		again["level"], again["msg"], again["wait"] = "WARN", "item retried", float64(time.Millisecond)
		require.Contains(t, all, again)
		require.Contains(t, all, map[string]any{
			"level": "ERROR", "msg": "item failed", "stage": "send", "worker": 0., "item": 2., "place": "words.txt:3", "attempt": 2., "input": "bad", "error": "busy",
		})

		failed := where(all, "item failed")
		require.Len(t, failed, 2)
		died := of(failed, 3)
		require.Len(t, died, 1)
		require.Equal(t, "panic: boom", died[0]["error"])
		require.Contains(t, died[0]["stack"], "troubled")
		died = of(where(all, "item retried"), 3)
		require.Len(t, died, 1)
		require.Contains(t, died[0]["stack"], "troubled", "the item may do better next time: then nobody else has the stack")

		opened, restarted := where(all, "worker opened"), where(all, "worker restarted")
		require.Equal(t, map[string]any{"level": "INFO", "msg": "worker opened", "stage": "send", "worker": 0.}, opened[0])
		require.Equal(t, "open", restarted[0]["phase"])
		require.Equal(t, "WARN", restarted[0]["level"])
		require.Contains(t, restarted[0]["error"], "refused")
		require.NotContains(t, restarted[1], "stack", "it stands with the item")
		require.Len(t, restarted, 1+2+1, "after the opening, two panics, and a call that was stuck")
		require.Len(t, opened, len(restarted))

		closing := where(all, "closing failed")
		require.Len(t, closing, 1)
		require.Equal(t, map[string]any{"level": "ERROR", "msg": "closing failed", "stage": "send", "worker": 0., "error": "will not close"}, closing[0])
		require.NotEmpty(t, where(all, "worker closed"))

		stuck := where(all, "worker stuck")
		require.Len(t, stuck, 1)
		require.Equal(t, "ERROR", stuck[0]["level"])
		require.Contains(t, stuck[0]["stack"], "troubled")
	})
}

func TestAWorkerThatIsGivenUpIsAnError(t *testing.T) {
	b := new(book)
	stage := vimap.Open(func(context.Context) (int, error) { return 0, errRefused }).
		Do(func(int, context.Context, string) (int, error) { return 0, nil }).Restart(retry.Policy{})
	err := drained(t, words("a").Via(stage).Hooks(logs.To(b.logger(slog.LevelError)).Hooks()))
	require.ErrorIs(t, err, vimap.ErrNoWorkers)
	all := b.records(t)
	require.Len(t, all, 1)
	require.Equal(t, "worker given up", all[0]["msg"])
	require.Equal(t, "open", all[0]["phase"])
	require.Contains(t, all[0]["error"], "refused")
}

func TestWhatTheLevelDoesNotWantIsNoHookAtAll(t *testing.T) {
	for level, want := range map[slog.Level]int{slog.LevelDebug: 9, slog.LevelInfo: 7, slog.LevelWarn: 6, slog.LevelError: 4, slog.LevelError + 1: 0} {
		hooks := logs.To(new(book).logger(level)).Hooks()
		set := 0
		for _, isSet := range []bool{
			hooks.WorkerOpened != nil, hooks.WorkerClosed != nil, hooks.WorkerRestarted != nil, hooks.WorkerStuck != nil, hooks.WorkerGivenUp != nil,
			hooks.AttemptFailed != nil, hooks.ItemRetried != nil, hooks.ItemFailed != nil, hooks.ItemDone != nil,
		} {
			if isSet {
				set++
			}
		}
		require.Equal(t, want, set, level)
		require.Equal(t, level <= slog.LevelDebug, hooks.ItemDone != nil, level)
	}
	b := new(book)
	require.NoError(t, drained(t, words("a").Via(vimap.Open(func(context.Context) (int, error) { return 0, nil }).
		Do(func(int, context.Context, string) (int, error) { return 0, nil }).Hooks(logs.To(b.logger(slog.LevelWarn)).Hooks()))))
	require.Empty(t, b.records(t), "a worker that closes well is no warning")
}

// secret shows nothing of itself to a log.
type secret struct{ word string }

func (secret) LogValue() slog.Value { return slog.StringValue("hidden") }

// rude panics when it is shown.
type rude struct{}

func (rude) LogValue() slog.Value { panic("rude") }

func TestInputsAreShownOnlyWhenAskedForAndOnlyWhatIsSafe(t *testing.T) {
	inputs := []any{
		"text", string(bytes.Repeat([]byte("x"), 1_000)), 7, true,
		secret{"word"},
		rude{},
		map[string]int{"a": 1},
		[]byte("abc"), nil, &secret{"word"}, time.Second,
	}
	shown := []any{
		"text", string(bytes.Repeat([]byte("x"), 200)) + "…", 7., true, "hidden", "panic", "map[string]int",
		"3 bytes", "<nil>", "hidden", float64(time.Second),
	}
	for _, asked := range []bool{false, true} {
		b := new(book)
		log := logs.To(b.logger(slog.LevelDebug))
		if asked {
			log = log.ShowInputs()
		}
		run := sources.Slice(inputs).Via(vimap.Func(func(context.Context, any) (int, error) { return 0, nil }).Hooks(log.Hooks())).Start(t.Context())
		for range run.Results() {
		}
		require.NoError(t, run.Err())
		all := b.records(t)
		require.Len(t, all, len(inputs))
		for i, record := range all {
			if !asked {
				require.NotContains(t, record, "input")
				continue
			}
			if i == 5 {
				require.Contains(t, fmt.Sprint(record["input"]), "panicked", "slog says so itself")
				continue
			}
			require.Equal(t, shown[i], record["input"])
		}
	}
}

// bomb is a handler that panics.
type bomb struct{ slog.Handler }

func (bomb) Handle(context.Context, slog.Record) error { panic("the disk is full") }

func TestAHandlerThatPanicsHarmsNothingAndIsPartOfTheError(t *testing.T) {
	logger := slog.New(bomb{slog.NewTextHandler(new(book), &slog.HandlerOptions{Level: slog.LevelDebug})})
	run := words("a", "bb", "ccc").Via(vimap.Func(func(_ context.Context, word string) (int, error) {
		if word == "bb" {
			return 0, errBusy
		}
		return len(word), nil
	}).Hooks(logs.To(logger).Hooks())).Start(t.Context())
	lengths := map[string]int{}
	for result := range run.Results() {
		if result.Err != nil {
			require.ErrorIs(t, result.Err, errBusy)
			continue
		}
		lengths[result.In] = result.Out
	}
	require.Equal(t, map[string]int{"a": 1, "ccc": 3}, lengths)
	var worker *vimap.WorkerError
	require.ErrorAs(t, run.Err(), &worker)
	require.Equal(t, "hook", worker.Phase)
	require.ErrorContains(t, run.Err(), "the disk is full")
}

func TestALogWithoutALoggerIsAMistake(t *testing.T) {
	require.PanicsWithValue(t, "logs: To: logger must not be nil", func() { logs.To(nil) })
}
