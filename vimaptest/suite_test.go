package vimaptest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/vimaptest"
)

// A planted fault: a stage that breaks a promise, which test finds it, and what
// is said of it.
type planted struct {
	test  func(t *fakeT, release <-chan struct{})
	finds []string // tests that must fail
	says  []string
}

// state is that of a worker.
type state struct {
	buf    []byte
	server *server
	used   bool
}

// server is what several workers share.
type server struct {
	open  atomic.Int64
	down  atomic.Bool
	calls atomic.Int64
}

func (s *server) dial(context.Context) (*state, error) {
	s.open.Add(1)
	return &state{server: s}, nil
}

var numbers = []int{1, 2, 3, 4, 5}

// suite is what is tested of a stage that makes text of numbers.
func suite(stage vimap.Stage[int, string]) vimaptest.StageSuite[int, string] {
	return vimaptest.Suite(stage, numbers...).Patience(10 * time.Second)
}

var plantedFaults = map[string]planted{
	"a batch whose outputs are mixed up": {
		test: func(t *fakeT, _ <-chan struct{}) {
			suite(vimap.Bulk(5, 0, func(_ context.Context, ns []int) ([]string, error) {
				outs := make([]string, len(ns))
				for i, n := range ns {
					outs[len(ns)-1-i] = strconv.Itoa(n)
				}
				return outs, nil
			})).Same(equal).Run(t)
		},
		finds: []string{"each of many inputs has one outcome, beside it"},
		says:  []string{"but alone it gets"},
	},
	"a batch that returns too few": {
		test: func(t *fakeT, _ <-chan struct{}) {
			suite(vimap.Bulk(5, time.Millisecond, func(_ context.Context, ns []int) ([]string, error) {
				return make([]string, max(1, len(ns)-1)), nil
			})).MayFail().Run(t)
		},
		finds: []string{"each of many inputs has one outcome, beside it"},
		says:  []string{vimap.ErrBulk.Error()},
	},
	"an output that the next one overwrites": {
		test: func(t *fakeT, _ <-chan struct{}) {
			stage := vimap.Open(new(server).dial).Do(func(s *state, _ context.Context, n int) ([]byte, error) {
				s.buf = strconv.AppendInt(s.buf[:0], int64(n), 10)
				return s.buf, nil
			})
			vimaptest.Suite(stage, numbers...).Same(bytes.Equal).Run(t)
		},
		finds: []string{"each of many inputs has one outcome, beside it", "a single item in flight is enough"},
		says:  []string{"an output that was right changed while others were made"},
	},
	"state that is kept from input to input": {
		test: func(t *fakeT, _ <-chan struct{}) {
			suite(vimap.Open(new(server).dial).Do(func(s *state, _ context.Context, n int) (string, error) {
				s.buf = strconv.AppendInt(s.buf, int64(n), 10)
				return string(s.buf), nil
			})).Same(equal).Run(t)
		},
		finds: []string{"a single item in flight is enough", "an ordered run gives the outcomes in source order"},
		says:  []string{`input 1 (2): its output is 12, but alone it gets 2`},
	},
	"state that workers share": {
		test: func(t *fakeT, _ <-chan struct{}) {
			s := new(server)
			suite(vimap.Func(func(_ context.Context, n int) (string, error) {
				s.calls.Store(int64(n))
				time.Sleep(time.Millisecond)
				return strconv.Itoa(int(s.calls.Load())), nil
			}).Workers(2)).Same(equal).Run(t)
		},
		finds: []string{"each of many inputs has one outcome, beside it", "a slow sink gets every outcome"},
		says:  []string{"but alone it gets"},
	},
	"a wrong output": {
		test: func(t *fakeT, _ <-chan struct{}) {
			suite(vimap.Func(func(_ context.Context, n int) (string, error) { return strconv.Itoa(n &^ 4), nil })).
				Right(func(n int, out string) error {
					if out != strconv.Itoa(n) {
						return errors.New("no number")
					}
					return nil
				}).Run(t)
		},
		finds: []string{"each input that is alone has one outcome", "stopping a run finishes what was read"},
		says:  []string{"input 3 (4): its output 0 is wrong: no number"},
	},
	"a Close that closes what all runs share": {
		test: func(t *fakeT, _ <-chan struct{}) {
			s := new(server)
			suite(vimap.Open(s.dial).
				Close(func(*state) error { s.down.Store(true); return nil }).
				Do(func(_ *state, _ context.Context, n int) (string, error) {
					if s.down.Load() {
						return "", errServer
					}
					return strconv.Itoa(n), nil
				})).Run(t)
		},
		finds: []string{"a second run is as the first"},
		says:  []string{"fails: ", "server down"},
	},
	"a session that only one run can have": {
		test: func(t *fakeT, _ <-chan struct{}) {
			s := new(server)
			suite(vimap.Open(s.dial).
				Close(func(*state) error { s.open.Add(-1); return nil }).
				Do(func(_ *state, ctx context.Context, n int) (string, error) {
					select {
					case <-time.After(time.Millisecond):
					case <-ctx.Done():
					}
					if s.open.Load() > 1 {
						return "", errors.New("signed in elsewhere")
					}
					return strconv.Itoa(n), nil
				})).Run(t)
		},
		finds: []string{"two runs at once do not disturb each other"},
		says:  []string{"signed in elsewhere"},
	},
	"a Close that fails for a worker without work": {
		test: func(t *fakeT, _ <-chan struct{}) {
			suite(vimap.Open(new(server).dial).
				Close(func(s *state) error {
					if !s.used {
						return errors.New("nothing to flush")
					}
					return nil
				}).
				Do(func(s *state, _ context.Context, n int) (string, error) {
					s.used = true
					return strconv.Itoa(n), nil
				})).Run(t)
		},
		finds: []string{"no inputs give no outcome and no error"},
		says:  []string{"nothing to flush"},
	},
	"a Close that panics": {
		test: func(t *fakeT, _ <-chan struct{}) {
			suite(vimap.Open(new(server).dial).
				Close(func(*state) error { panic("twice") }).
				Do(func(_ *state, _ context.Context, n int) (string, error) { return strconv.Itoa(n), nil })).Run(t)
		},
		finds: []string{"no inputs give no outcome and no error", "leaving the loop early ends everything", "cancelling in the middle ends the run with the cause"},
		says:  []string{"panic: twice"},
	},
	"a Close that fails when the run was cancelled": {
		test: func(t *fakeT, _ <-chan struct{}) {
			suite(vimap.Open(func(ctx context.Context) (context.Context, error) { return ctx, nil }).
				Close(func(ctx context.Context) error {
					if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
						return errServer
					}
					return nil
				}).
				Do(func(_ context.Context, _ context.Context, n int) (string, error) { return strconv.Itoa(n), nil })).Run(t)
		},
		finds: []string{"cancelling in the middle ends the run with the cause"},
		says:  []string{"beside the cancellation something went wrong"},
	},
	"a Close that leaves a goroutine behind": {
		test: func(t *fakeT, release <-chan struct{}) {
			suite(vimap.Open(new(server).dial).
				Close(func(*state) error {
					go func() { <-release }()
					return nil
				}).
				Do(func(_ *state, _ context.Context, n int) (string, error) { return strconv.Itoa(n), nil })).Run(t)
		},
		finds: []string{"no inputs give no outcome and no error", "leaving the loop early ends everything"},
		says:  []string{"the run is over and something is left behind", "suite_test.go"},
	},
	"a Do that ignores its context": {
		test: func(t *fakeT, release <-chan struct{}) {
			var calls atomic.Int64
			suite(vimap.Func(func(ctx context.Context, n int) (string, error) {
				if calls.Add(1) > 500 { // a server that stops answering
					<-release
				}
				return strconv.Itoa(n), nil
			}).Workers(2)).Run(t)
		},
		says: []string{"the run did not end within 10s; what is tested after this is left out", "suite_test.go"},
	},
	"an Open that never returns": {
		test: func(t *fakeT, release <-chan struct{}) {
			suite(vimap.Open(func(context.Context) (*state, error) {
				<-release
				return nil, errServer
			}).Do(func(_ *state, _ context.Context, n int) (string, error) { return strconv.Itoa(n), nil })).Run(t)
		},
		finds: []string{"no inputs give no outcome and no error"},
		says:  []string{"the run did not end within 10s", "suite_test.go"},
	},
	"a Do that panics now and then": {
		test: func(t *fakeT, _ <-chan struct{}) {
			s := new(server)
			suite(vimap.Func(func(_ context.Context, n int) (string, error) {
				if s.calls.Add(1)%20 == 0 {
					panic("now")
				}
				return strconv.Itoa(n), nil
			})).MayFail().Run(t)
		},
		finds: []string{"each of many inputs has one outcome, beside it"},
		says:  []string{"a function of the stage did not return", "panic: now", "suite_test.go"},
	},
	"a Do that calls Goexit": {
		test: func(t *fakeT, _ <-chan struct{}) {
			suite(vimap.Func(func(context.Context, int) (string, error) {
				runtime.Goexit()
				return "", nil
			})).MayFail().Run(t)
		},
		finds: []string{"each input that is alone has one outcome"},
		says:  []string{vimap.ErrGoexit.Error()},
	},
	"a loop that leaves out an output": {
		test: func(t *fakeT, _ <-chan struct{}) {
			suite(vimap.LoopFunc(func(feed *vimap.Feed[int, string]) error {
				for _, n := range feed.All() {
					if n != 4 {
						feed.Yield(strconv.Itoa(n), nil)
					}
				}
				return nil
			})).MayFail().Run(t)
		},
		finds: []string{"each input that is alone has one outcome"},
		says:  []string{"input 3 (4) fails", vimap.ErrYield.Error()},
	},
	"an input that fails though nobody said it may": {
		test: func(t *fakeT, _ <-chan struct{}) {
			suite(vimap.Func(func(_ context.Context, n int) (string, error) {
				if n == 3 {
					return "", errServer
				}
				return strconv.Itoa(n), nil
			})).Run(t)
		},
		finds: []string{"each input that is alone has one outcome"},
		says:  []string{"input 2 (3) fails", "server down"},
	},
	"workers that can't be opened at once": {
		test: func(t *fakeT, _ <-chan struct{}) {
			var port atomic.Bool
			suite(vimap.Open(func(context.Context) (*state, error) {
				if port.Swap(true) {
					return nil, errors.New("port in use")
				}
				return new(state), nil
			}).Close(func(*state) error { port.Store(false); return nil }).
				Do(func(_ *state, _ context.Context, n int) (string, error) {
					time.Sleep(time.Second)
					return strconv.Itoa(n), nil
				})).Patience(time.Hour).Run(t)
		},
		finds: []string{"two runs at once do not disturb each other"},
		says:  []string{"no worker left", "port in use"},
	},
	"a Right that panics": {
		test: func(t *fakeT, _ <-chan struct{}) {
			suite(vimap.Func(word)).Right(func(int, string) error { panic("not right") }).Run(t)
		},
		says: []string{"not right"},
	},
	"a Right that calls FailNow": {
		test: func(t *fakeT, _ <-chan struct{}) {
			suite(vimap.Func(word)).Right(func(int, string) error {
				runtime.Goexit()
				return nil
			}).Run(t)
		},
		says: []string{"runtime.Goexit was called where the outputs are looked at"},
	},
}

func TestTheSuiteFindsPlantedFaults(t *testing.T) {
	for name, p := range plantedFaults {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 8)
			bubble(t, func(*testing.T) {
				release := make(chan struct{})
				defer close(release)
				fake := newFakeT("suite", io.Discard)
				p.test(fake, release)
				fake.end()
				require.NotEmpty(t, fake.failed, "nothing was found")
				require.Subset(t, fake.failed, p.finds)
				report := strings.Join(fake.errors, "\n")
				for _, text := range p.says {
					require.Contains(t, report, text)
				}
			})
		})
	}
}

func TestNothingIsTestedAfterATestThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		fake := newFakeT("suite", io.Discard)
		hangs := vimaptest.Inject(t, vimaptest.Stuck())
		suite(vimap.Func(hangs.Func(word))).Run(fake)
		fake.end()
		require.Equal(t, []string{"each input that is alone has one outcome"}, fake.failed)
		require.Equal(t, 1, hangs.Calls())
	})
}

func TestAReportOfALongInputIsShort(t *testing.T) {
	bubble(t, func(*testing.T) {
		fails := vimap.Func(func(context.Context, string) (string, error) { return "", errServer })
		fake := newFakeT("suite", io.Discard)
		vimaptest.TestStage(fake, fails, strings.Repeat("ä", 1000))
		fake.end()
		require.Contains(t, fake.errors[0], "input 0 ("+strings.Repeat("ä", 79)+"…) fails")
	})
}

func TestTheSuiteIsAValue(t *testing.T) {
	bubble(t, func(*testing.T) {
		plain := suite(vimap.Func(func(context.Context, int) (string, error) { return "", errServer }))
		_ = plain.MayFail().Right(func(int, string) error { return errServer })
		fake := newFakeT("suite", io.Discard)
		plain.Run(fake)
		fake.end()
		require.Contains(t, fmt.Sprint(fake.errors), "fails: ")
	})
}
