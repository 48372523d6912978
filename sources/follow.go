package sources

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/vimap-go/vimap"
)

// Tail holds the options of [Follow]. The zero value is what the function uses:
//
//	sources.Tail{FromStart: true}.Follow("app.log")
type Tail struct {
	// FromStart reads what the file holds already, and then what comes.
	FromStart bool

	// Poll is how often the file is looked at although the system told of no
	// change. 0 means every 10 s. With a Poll that is set it is no error if the
	// system can't tell of changes, or the file's folder is not there yet: for
	// network file systems, which tell nothing of what others write.
	Poll time.Duration

	// MaxLength is the most bytes a line may have, as [Text.MaxLength] says.
	MaxLength int
}

const defaultPoll = 10 * time.Second

// Follow yields the lines that are written to the end of a file, for ever, as
// tail -F does: what others append to a log, across its rotations.
//
//	run := sources.Follow("/var/log/app.log").Try(parse).Via(alert).Start(ctx)
//
// A line is what it is for [Lines], but only once its line end is there: a
// last line without one waits. Each is passed on as soon as it was written.
//
// # Where it begins
//
// At the end of the file, or at the beginning of its last line if that has no
// line end yet. A file that is not there yet is waited for, and read from its
// beginning, as is every file that takes its place later. Its folder must be
// there. [Tail.FromStart] begins at the beginning.
//
// # What may happen to the file
//
// When another file is at the path, the old one is read to its end and the new
// one from its beginning. While there is none, since it was renamed or removed,
// the old one is read on, for who writes it may not have noticed. A file that
// has become shorter than what was read of it is read from its beginning. In
// both cases a last line without a line end is passed on as it is. The path may
// be a symbolic link, and be changed to lead to another file.
//
// What no follower can see: a file that was at the path between two looks only,
// and one that was cut and filled again beyond what was read.
//
// # How it ends
//
// When the run does: by the end of its context, by [vimap.Run.Stop], or by
// leaving its loop. A file that can't be read, or that is not a regular one, is
// an error. Places are those of Lines, such as app.log:17, in the file that is
// at the path at the time. Lines from where a run began at the end are counted
// from there: app.log:end:17.
//
// Follow panics if path is empty.
func Follow(path string) vimap.Pipeline[string, string] { return Tail{}.Follow(path) }

// Follow is [Follow] with the options of t. It panics if Poll or MaxLength is
// negative, or path is empty.
func (t Tail) Follow(path string) vimap.Pipeline[string, string] {
	Text{MaxLength: t.MaxLength}.check("Follow")
	if t.Poll < 0 {
		panic(fmt.Sprintf("sources: Follow: Poll must not be negative, got %v", t.Poll))
	}
	if path == "" {
		panic("sources: Follow: path must not be empty")
	}
	return vimap.Emit(func(ctx context.Context, out *vimap.Emitter[string]) error {
		f := &follower{ctx: ctx, path: filepath.Clean(path), poll: t.Poll}
		if f.poll == 0 {
			f.poll = defaultPoll
		}
		defer f.close()
		if err := f.begin(); err != nil && t.Poll == 0 {
			return fmt.Errorf("follow %s: %w", path, err)
		}
		c := cutter[string]{out: out, text: Text{MaxLength: t.MaxLength, Raw: true}, own: owned}
		for first := true; !c.stopped; first = false {
			here, err := f.open()
			if err != nil {
				return ended(ctx, err)
			}
			name := path
			if first && here && !t.FromStart {
				name += ":end"
				if err := f.toEnd(); err != nil {
					return err
				}
			}
			if err := c.cut(ctx, f, name); err != nil {
				return err
			}
		}
		return nil
	}).Named("follow")
}

// follower reads the file at path. It is at its end when another file is to be
// opened in its place.
type follower struct {
	ctx     context.Context //nolint:containedctx // Read has none
	path    string
	target  string // where path leads to; path itself if it is no link
	poll    time.Duration
	watcher *fsnotify.Watcher
	file    *os.File
	offset  int64 // bytes of the file that were read
}

// begin asks the system to tell of changes.
func (f *follower) begin() (err error) {
	if f.watcher, err = fsnotify.NewWatcher(); err != nil {
		return err
	}
	return f.watch()
}

// watch watches the folders that the path and its target are in: a file that is
// watched itself says nothing of what takes its place. What is watched already
// stays so.
func (f *follower) watch() error {
	if f.watcher == nil {
		return nil
	}
	err := f.watcher.Add(filepath.Dir(f.path))
	target, linkErr := filepath.EvalSymlinks(f.path)
	if linkErr != nil { // nothing there yet
		target = f.path
	}
	target = filepath.Clean(target)
	if old := f.target; old != "" && filepath.Dir(old) != filepath.Dir(target) && filepath.Dir(old) != filepath.Dir(f.path) {
		_ = f.watcher.Remove(filepath.Dir(old)) // it may be gone
	}
	f.target = target
	if filepath.Dir(target) != filepath.Dir(f.path) {
		err = errors.Join(err, f.watcher.Add(filepath.Dir(target)))
	}
	return err
}

// open opens the file at path, and waits until there is one; here: there was.
func (f *follower) open() (here bool, err error) {
	f.closeFile()
	for here = true; ; here = false {
		_ = f.watch() // the next look will find what it can't tell
		info, err := os.Stat(f.path)
		if err == nil && !info.Mode().IsRegular() {
			return here, &fs.PathError{Op: "follow", Path: f.path, Err: errors.New("not a regular file")}
		}
		if err == nil {
			f.file, err = os.Open(f.path)
		}
		if err == nil {
			return here, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return here, err
		}
		if err := f.wait(); err != nil {
			return here, err
		}
	}
}

// toEnd moves to behind the last line end.
func (f *follower) toEnd() error {
	end, err := f.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	block := make([]byte, fullRead)
	for end > 0 {
		size := min(end, int64(len(block)))
		n, err := f.file.ReadAt(block[:size], end-size)
		if err != nil && err != io.EOF {
			return err
		}
		if last := bytes.LastIndexByte(block[:n], '\n'); last >= 0 {
			end += int64(last) + 1 - size
			break
		}
		end -= size
	}
	f.offset, err = f.file.Seek(end, io.SeekStart)
	return err
}

// Read waits for what is appended to the file.
func (f *follower) Read(p []byte) (int, error) {
	for replaced := false; ; {
		n, err := f.file.Read(p)
		f.offset += int64(n)
		if n > 0 || err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
		if replaced {
			return 0, io.EOF
		}
		here, err := f.file.Stat()
		if err != nil {
			return 0, err
		}
		if here.Size() < f.offset {
			return 0, io.EOF
		}
		if now, err := os.Stat(f.path); err == nil && !os.SameFile(here, now) {
			replaced = true // what was written before that is still to be read
			continue
		}
		if err := f.wait(); err != nil {
			return 0, err
		}
	}
}

// wait waits until there may be something new.
func (f *follower) wait() error {
	events := f.watcher
	if events == nil {
		events = new(fsnotify.Watcher) // which says nothing
	}
	timer := time.NewTimer(f.poll)
	defer timer.Stop()
	for {
		select {
		case <-f.ctx.Done():
			return context.Cause(f.ctx)
		case <-timer.C:
			_ = f.watch() // a folder may have come or changed
			return nil
		case event := <-events.Events:
			if f.concerns(event) {
				return nil
			}
		case <-events.Errors: //nolint:errcheck // such as events that were lost: a look finds what they told
			return nil
		}
	}
}

// concerns reports whether there may be something new after an event. Of the
// folder in its name only one spelling is told, whichever was watched first. Any
// new name may be that of a link on the way to the target.
func (f *follower) concerns(event fsnotify.Event) bool {
	name := filepath.Base(event.Name)
	return name == filepath.Base(f.path) || name == filepath.Base(f.target) || event.Has(fsnotify.Create|fsnotify.Rename)
}

func (f *follower) closeFile() {
	if f.file != nil {
		_ = f.file.Close() // nothing was written
		f.file, f.offset = nil, 0
	}
}

func (f *follower) close() {
	f.closeFile()
	if f.watcher != nil {
		_ = f.watcher.Close()
	}
}
