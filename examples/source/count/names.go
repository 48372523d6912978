package count

import (
	"cmp"
	"slices"
	"sync"
)

// Name is an identifier and how often it is used.
type Name struct {
	Name  string
	Times int64
}

// names counts identifiers. The map says where a name stands in the list, so
// that counting one more needs no new key.
type names struct {
	index map[string]int
	list  []Name
}

func (n *names) count(name []byte) {
	if at, ok := n.index[string(name)]; ok {
		n.list[at].Times++
		return
	}
	n.add(Name{string(name), 1})
}

func (n *names) add(name Name) {
	if n.index == nil {
		n.index = map[string]int{}
	}
	if at, ok := n.index[name.Name]; ok {
		n.list[at].Times += name.Times
		return
	}
	n.index[name.Name] = len(n.list)
	n.list = append(n.list, name)
}

// Totals are the identifiers that all workers have counted.
type Totals struct {
	mu    sync.Mutex
	names names
}

// tryTake is take, but does nothing while another worker adds.
func (t *Totals) tryTake(counted *names) {
	if t.mu.TryLock() {
		defer t.mu.Unlock()
		t.add(counted)
	}
}

// take adds what a worker has counted and empties it.
func (t *Totals) take(counted *names) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.add(counted)
}

func (t *Totals) add(counted *names) {
	for _, name := range counted.list {
		t.names.add(name)
	}
	clear(counted.index)
	counted.list = counted.list[:0]
}

// Top returns the n identifiers used most, without the keywords, the most used
// first and equally used ones by name.
func (t *Totals) Top(n int) []Name {
	t.mu.Lock()
	defer t.mu.Unlock()
	var top []Name
	for _, name := range t.names.list {
		if len(top) == n && name.Times < top[n-1].Times || isKeyword(name.Name) {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, name, func(a, b Name) int {
			return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Name, b.Name))
		})
		top = slices.Insert(top, at, name)
		top = top[:min(n, len(top))]
	}
	return top
}
