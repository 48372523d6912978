package laws

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// held holds what must be true of the step's workers when nothing runs any more.
func (s *Step) held(workers int) {
	if s.kids != nil {
		s.gather()
	}
	s.crew.held(workers)
}

// life is what is known of a child.
type life struct {
	opened, closed bool
	doomed         bool // it works on what costs it
	worked, busy   bool
	works          int // on that, if busy
}

// gather reads what the children wrote, and gives the crew what it would have
// seen of goroutines.
func (s *Step) gather() {
	f, err := os.Open(filepath.Join(s.folder, "events"))
	if err != nil {
		return // no child came so far
	}
	defer f.Close()
	lives := map[int]*life{}
	busy := map[int]int{} // how many work on an input of a key
	now := int64(0)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var pid, v int
		var event string
		if _, err := fmt.Sscan(lines.Text(), &pid, &event, &v); err != nil {
			s.report("open: a child of %s wrote %q", s.name, lines.Text())
			continue
		}
		l := lives[pid]
		if l == nil {
			l = new(life)
			lives[pid] = l
		}
		if event == eventOpened && s.kind == "child loop" && l.closed { // a loop is begun again where it was
			*l = life{}
		}
		s.event(l, pid, event, v)
		switch event {
		case eventBegins:
			if now++; now > s.most.Load() {
				s.most.Store(now)
			}
			if s.keys > 0 {
				s.order[v%s.keys] = append(s.order[v%s.keys], v)
				if busy[v%s.keys]++; busy[v%s.keys] > 1 {
					s.report("order: %s works on two inputs of key %d at once", s.name, v%s.keys)
				}
			}
		case eventEnds, eventDies:
			now--
			if s.keys > 0 {
				busy[v%s.keys]--
			}
		}
	}
	for pid, l := range lives {
		switch {
		case !l.opened || l.closed:
		case l.doomed:
			s.closed.Add(1)
		default:
			s.report("open: child %d of %s was opened and not closed: %+v", pid, s.name, *l)
		}
	}
}

// event takes an event of a child.
func (s *Step) event(l *life, pid int, event string, v int) {
	right := l.opened && !l.closed
	switch event {
	case eventOpened, eventUnopened:
		right = *l == life{}
		s.openings.Add(1)
		if l.opened = event == eventOpened; l.opened {
			s.opened.Add(1)
		} else {
			s.crew.faults.Add(1)
		}
	case eventBegins:
		right = right && !l.busy
		l.busy, l.worked, l.works = true, true, v
	case eventEnds, eventDies:
		right = right && l.busy && l.works == v
		l.busy, l.doomed = false, l.doomed || event == eventDies
	case eventClosed, eventUnclosed:
		right = right && !l.busy
		l.closed = true
		s.closed.Add(1)
		switch {
		case event != eventUnclosed:
		case l.worked:
			s.unclosed.Add(1)
		default: // it may have been a spare, or opened when that was not wanted any more
			s.untold++
		}
	default:
		right = false
	}
	if !right {
		s.report("open: child %d of %s: %s %d when %+v", pid, s.name, event, v, *l)
	}
}

// kinfolk is what children could leave behind.
type kinfolk struct {
	files    int
	children string
}

// kin returns what there is, where /proc tells.
func kin() kinfolk {
	files, _ := os.ReadDir("/proc/self/fd")
	var all []string
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, list := range lists {
		if text, err := os.ReadFile(list); err == nil && len(text) > 0 {
			all = append(all, string(text))
		}
	}
	return kinfolk{len(files), strings.Join(all, " ")}
}

// kinSince says what is left since before. What has done its work may still need
// a moment to be gone.
func kinSince(before kinfolk) string {
	var now kinfolk
	for range 1_000 {
		if now = kin(); now.files <= before.files && now.children == before.children {
			return ""
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Sprintf("there were %+v, there are %+v", before, now)
}
