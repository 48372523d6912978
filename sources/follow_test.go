package sources_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sources"
)

// patience is how long a test waits for a line before it gives up.
const patience = 20 * time.Second

// A follow is a run that follows a file, and gives its lines to a test.
type follow struct {
	t      *testing.T
	run    *vimap.Run[string, string]
	lines  chan string
	cancel context.CancelCauseFunc
}

var errEnd = errors.New("end of the test")

// startFollow follows path until the test has ended.
func startFollow(t *testing.T, tail sources.Tail, path string) *follow {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	f := &follow{t: t, run: tail.Follow(path).Start(ctx), lines: make(chan string), cancel: cancel}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(f.lines)
		for _, line := range f.run.Zip() {
			select {
			case f.lines <- line:
			case <-ctx.Done():
			}
		}
	}()
	t.Cleanup(func() {
		cancel(errEnd)
		<-done
		_ = f.run.Err()
	})
	return f
}

// expect waits for lines.
func (f *follow) expect(want ...string) {
	f.t.Helper()
	for i, line := range want {
		select {
		case got, ok := <-f.lines:
			require.True(f.t, ok, "the run has ended: %v", f.run.Err())
			require.Equal(f.t, line, got, "line %d", i)
		case <-time.After(patience):
			require.Fail(f.t, "no such line came", line)
		}
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	require.NoError(t, err)
	_, err = file.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	require.NoError(t, os.Rename(from, to))
}

var (
	fromStart = sources.Tail{FromStart: true}
	byEvents  = sources.Tail{FromStart: true, Poll: time.Hour} // what no event tells of comes too late
)

func TestLinesThatAreAppendedAreFollowed(t *testing.T) {
	rerun.Share(t, 4)
	quiet(t)
	path := file(t, "app.log", "a\n\r\nb\r\n")
	f := startFollow(t, fromStart, path)
	f.expect("a", "", "b")
	appendTo(t, path, "c\nd")
	f.expect("c")
	appendTo(t, path, "\x00e\xff\"'")
	appendTo(t, path, "\r")
	appendTo(t, path, "\nnext\n")
	f.expect("d\x00e\xff\"'", "next")
	long := strings.Repeat("x", 3<<20)
	appendTo(t, path, long)
	appendTo(t, path, long+"\n")
	f.expect(long + long)
}

func TestFollowingBeginsBehindTheLastWholeLine(t *testing.T) {
	rerun.Share(t, 4)
	for name, before := range map[string]string{
		"of an empty file":                     "",
		"of one with lines":                    "old\nolder\n",
		"of one with a line that has no end":   "old\nunfinished ",
		"of one line only that has no end":     "unfinished ",
		"of one with a long line without end":  "old\n" + strings.Repeat("x", 1<<20),
		"of one that is such a long line only": strings.Repeat("x", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			path := file(t, "app.log", before)
			start := before[strings.LastIndexByte(before, '\n')+1:]
			f := startFollow(t, sources.Tail{}, path)
			if start == "" {
				waitUntilIdle(t)
				appendTo(t, path, "new\n")
				f.expect("new")
				return
			}
			waitUntilIdle(t)
			appendTo(t, path, "line\nnew\n")
			f.expect(start+"line", "new")
		})
	}
}

// waitUntilOpen waits until path is open and was read to its end.
func waitUntilOpen(t *testing.T, path string) {
	t.Helper()
	if openFiles(t) == 0 {
		t.Skip("the system does not tell which files are open")
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	for end := time.Now().Add(patience); ; {
		entries, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		for _, entry := range entries {
			if to, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil && to == path {
				at, err := os.ReadFile("/proc/self/fdinfo/" + entry.Name())
				if err == nil && strings.HasPrefix(string(at), fmt.Sprintf("pos:\t%d\n", info.Size())) {
					return
				}
			}
		}
		require.True(t, time.Now().Before(end), "%s is not read", path)
	}
}

func TestARotatedFileIsReadToItsEndAndTheNextFromItsBeginning(t *testing.T) {
	rerun.Share(t, 4)
	quiet(t)
	path := file(t, "app.log", "a\n")
	f := startFollow(t, fromStart, path)
	f.expect("a")
	rename(t, path, path+".1")
	appendTo(t, path+".1", "b\nlast, without an end") // by who has not noticed
	f.expect("b")
	appendTo(t, path, "new\n")
	f.expect("last, without an end", "new")
	rename(t, path, path+".2")
	f2 := path + ".new" // complete before it is in place
	appendTo(t, f2, "whole\nfile\n")
	rename(t, f2, path)
	f.expect("whole", "file")
	appendTo(t, path, "more\n")
	f.expect("more")
}

func TestNoLineIsLostInManyRotations(t *testing.T) {
	quiet(t)
	path := file(t, "app.log", "")
	f := startFollow(t, fromStart, path)
	for round := range 100 {
		var want []string
		for i := range 20 {
			line := fmt.Sprint(round, " ", i)
			appendTo(t, path, line+"\n")
			want = append(want, line)
		}
		f.expect(want[0]) // so that the file was seen
		appendTo(t, path, "end\n")
		if round%2 == 0 {
			rename(t, path, path+".1")
		} else {
			require.NoError(t, os.Remove(path))
		}
		f.expect(append(want[1:], "end")...)
	}
}

func TestAFileThatWasCutIsReadFromItsBeginning(t *testing.T) {
	quiet(t)
	path := file(t, "app.log", "first\nsecond\nthi")
	f := startFollow(t, fromStart, path)
	f.expect("first", "second")
	require.NoError(t, os.Truncate(path, 0))
	f.expect("thi")
	appendTo(t, path, "a\n")
	f.expect("a")
	require.NoError(t, os.Truncate(path, 0))
	waitUntilOpen(t, path) // at its beginning again
	appendTo(t, path, "b\nc\n")
	f.expect("b", "c")
}

func TestAFileThatIsNotThereYetIsReadFromItsBeginning(t *testing.T) {
	quiet(t)
	path := filepath.Join(t.TempDir(), "app.log")
	f := startFollow(t, sources.Tail{}, path)
	waitUntilIdle(t)
	appendTo(t, filepath.Join(filepath.Dir(path), "other.log"), "other\n")
	appendTo(t, path, "a\nb\n")
	f.expect("a", "b")
	require.NoError(t, os.Remove(path))
	appendTo(t, path, "c\n")
	f.expect("c")
}

// waitUntilIdle waits until the follower has nothing to do.
func waitUntilIdle(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	for end := time.Now().Add(patience); !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "sources.(*follower).wait("); {
		require.True(t, time.Now().Before(end), "nobody waits")
		runtime.Gosched()
	}
}

func TestALinkIsFollowedToWhereItLeads(t *testing.T) {
	quiet(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "app.log")
	for _, part := range []string{"one", "two", "three"} {
		require.NoError(t, os.Mkdir(filepath.Join(folder, part), 0o700))
		appendTo(t, filepath.Join(folder, part, "log"), part+"\n")
	}
	require.NoError(t, os.Symlink(filepath.Join("one", "log"), path))
	f := startFollow(t, fromStart, path)
	f.expect("one")
	appendTo(t, filepath.Join(folder, "one", "log"), "more\n")
	f.expect("more")
	for _, part := range []string{"two", "three"} {
		require.NoError(t, os.Symlink(filepath.Join(part, "log"), path+".new"))
		rename(t, path+".new", path)
		f.expect(part)
		appendTo(t, filepath.Join(folder, part, "log"), "more of "+part+"\n")
		f.expect("more of " + part)
	}
}

func TestEventsOfATargetCountWhateverItsFolderIsCalled(t *testing.T) {
	for name, lead := range map[string]func(t *testing.T, folder string) (path string){
		"by a relative path, to an absolute one": func(t *testing.T, folder string) string {
			t.Helper()
			t.Chdir(folder)
			require.NoError(t, os.Symlink(filepath.Join(folder, "app-1.log"), "app.log"))
			return "app.log"
		},
		"by a link to the folder": func(t *testing.T, folder string) string {
			t.Helper()
			require.NoError(t, os.Symlink("app-1.log", filepath.Join(folder, "app.log")))
			link := filepath.Join(t.TempDir(), "link")
			require.NoError(t, os.Symlink(folder, link))
			return filepath.Join(link, "app.log")
		},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			folder := t.TempDir()
			target := filepath.Join(folder, "app-1.log")
			appendTo(t, target, "one\n")
			f := startFollow(t, byEvents, lead(t, folder))
			f.expect("one")
			waitUntilIdle(t)
			appendTo(t, target, "two\n")
			f.expect("two")
		})
	}
}

func TestALinkOnTheWayToTheTargetMayBeChanged(t *testing.T) {
	quiet(t)
	folder := t.TempDir()
	path, data := filepath.Join(folder, "app.log"), filepath.Join(folder, "..data")
	for _, part := range []string{"one", "two"} {
		require.NoError(t, os.Mkdir(filepath.Join(folder, part), 0o700))
		appendTo(t, filepath.Join(folder, part, "app.log"), part+"\n")
	}
	require.NoError(t, os.Symlink("one", data))
	require.NoError(t, os.Symlink(filepath.Join("..data", "app.log"), path))
	f := startFollow(t, byEvents, path)
	f.expect("one")
	waitUntilIdle(t)
	require.NoError(t, os.Symlink("two", data+".new"))
	rename(t, data+".new", data)
	f.expect("two")
	waitUntilIdle(t)
	appendTo(t, filepath.Join(folder, "two", "app.log"), "more\n")
	f.expect("more")
}

func TestWithoutEventsTheFileIsLookedAtNowAndThen(t *testing.T) {
	quiet(t)
	path := filepath.Join(t.TempDir(), "not", "yet", "app.log")
	f := startFollow(t, sources.Tail{FromStart: true, Poll: time.Millisecond}, path)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	appendTo(t, path, "a\n")
	f.expect("a")
	appendTo(t, path, "b\n")
	f.expect("b")
	require.NoError(t, os.RemoveAll(filepath.Dir(path)))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	appendTo(t, path, "c\n")
	f.expect("c")
}

func TestFollowingEndsWithItsRun(t *testing.T) {
	for name, there := range map[string]bool{"that waits for lines": true, "that waits for the file": false} {
		for how, end := range map[string]func(f *follow){
			"by its context": func(f *follow) { f.cancel(errEnd) },
			"by Stop":        func(f *follow) { f.run.Stop() },
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				quiet(t)
				path := filepath.Join(t.TempDir(), "app.log")
				if there {
					appendTo(t, path, "a\nunfinished")
				}
				f := startFollow(t, fromStart, path)
				if there {
					f.expect("a")
				} else {
					waitUntilIdle(t)
				}
				end(f)
				_, more := <-f.lines
				require.False(t, more, "a line without an end is none")
				if how == "by Stop" {
					require.NoError(t, f.run.Err())
				} else {
					require.ErrorIs(t, f.run.Err(), errEnd)
				}
			})
		}
	}
	quiet(t)
	path := file(t, "app.log", "a\nb\nc\n")
	require.Equal(t, []string{"a", "b"}, take(t, 2, fromStart.Follow(path)))
}

func TestAPlaceSaysWhichFileAndFromWhereLinesAreCounted(t *testing.T) {
	quiet(t)
	path := file(t, "app.log", "a\nb\n")
	errBad := errors.New("bad")
	places := func(tail sources.Tail, write func()) (all []string) {
		run := tail.Follow(path).Try(func(string) (string, error) { return "", errBad }).Ordered().Start(t.Context())
		written := false
		for result := range run.Results() {
			var item *vimap.ItemError
			require.ErrorAs(t, result.Err, &item)
			all = append(all, strings.TrimPrefix(item.Place, path))
			if !written {
				write()
				written = true
			}
			if result.In == "end" {
				break
			}
		}
		require.NoError(t, run.Err())
		return all
	}
	require.Equal(t, []string{":1", ":2", ":3", ":1", ":2"}, places(fromStart, func() {
		appendTo(t, path, "c\n")
		rename(t, path, path+".1")
		appendTo(t, path, "new\nend\n")
	}))
	require.NoError(t, os.WriteFile(path, []byte("old\nunfinished"), 0o600))
	go func() {
		waitUntilIdle(t)
		appendTo(t, path, "\n")
	}()
	require.Equal(t, []string{":end:1", ":end:2", ":1"}, places(sources.Tail{}, func() {
		appendTo(t, path, "second\n")
		rename(t, path, path+".2")
		appendTo(t, path, "end\n")
	}))
}

func TestWhatCanNotBeFollowedIsAnError(t *testing.T) {
	folder := t.TempDir()
	for name, c := range map[string]struct {
		tail sources.Tail
		path string
		says string
	}{
		"a folder":            {sources.Tail{}, folder, "follow " + folder + ": not a regular file"},
		"in no folder":        {sources.Tail{}, filepath.Join(folder, "no", "app.log"), "no such file or directory"},
		"a line that is long": {sources.Tail{FromStart: true, MaxLength: 3}, file(t, "app.log", "abc\nabcd"), "app.log:2: line too long: more than 3 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			_, err := collect(t, c.tail.Follow(c.path))
			require.ErrorContains(t, err, c.says)
			var source *vimap.SourceError
			require.ErrorAs(t, err, &source)
		})
	}
}

func TestMistakesInFollowingPanicWithTheirRule(t *testing.T) {
	for rule, mistake := range map[string]func(){
		"sources: Follow: path must not be empty":                 func() { sources.Follow("") },
		"sources: Follow: Poll must not be negative, got -1ns":    func() { sources.Tail{Poll: -1}.Follow("a") },
		"sources: Follow: MaxLength must not be negative, got -1": func() { sources.Tail{MaxLength: -1}.Follow("a") },
	} {
		t.Run(rule, func(t *testing.T) { require.PanicsWithValue(t, rule, mistake) })
	}
}

func ExampleFollow() {
	ctx, cancel := context.WithCancel(context.Background())
	path := filepath.Join(examples, "follow.log")
	var program sync.WaitGroup
	program.Go(func() { // one that logs
		for ctx.Err() == nil {
			_ = os.WriteFile(path, []byte("all is well\n"), 0o600)
			time.Sleep(10 * time.Millisecond)
			_ = os.Rename(path, path+".1")
		}
	})
	run := sources.Follow(path).Start(ctx)
	for line := range run.Zip() {
		fmt.Println(line)
		break
	}
	fmt.Println(run.Err())
	cancel()
	program.Wait()
	// Output:
	// all is well
	// <nil>
}

func ExampleTail_Follow() {
	ctx := context.Background()
	path := filepath.Join(examples, "tail.log")
	if err := os.WriteFile(path, []byte("one\ntwo\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	run := sources.Tail{FromStart: true, Poll: time.Second}.Follow(path).Start(ctx)
	for line := range run.Zip() {
		fmt.Println(line)
		if line == "two" {
			run.Stop()
		}
	}
	fmt.Println(run.Err())
	// Output:
	// one
	// two
	// <nil>
}
