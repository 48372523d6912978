// Package rerun has tests do less when they run again in one process, as they
// do by go test -count=20 -cpu=1,2,8. The first run of a test is always whole, so
// that go test ./... and a test that is run alone leave nothing out.
package rerun

import (
	"flag"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// runs counts the runs of tests by their names.
var runs sync.Map

// first is the share that the second run of a test takes: by chance, so that
// even processes of few runs leave out other cases each time.
var first = rand.IntN(1 << 16)

// number says which run of t this is, from 0. All are first ones while a target
// is fuzzed: there every run has other bytes.
func number(t testing.TB) int {
	if f := flag.Lookup("test.fuzz"); f != nil && f.Value.String() != "" {
		return 0
	}
	n, _ := runs.LoadOrStore(t.Name(), new(atomic.Int64))
	return int(n.(*atomic.Int64).Add(1)) - 1
}

// Once skips t unless this is its first run in the process. It is for tests of
// sizes, which no schedule has a part in: more runs of the same bytes ask
// nothing new.
func Once(t testing.TB) {
	t.Helper()
	if number(t) > 0 {
		t.Skip("once per process: more runs of the same bytes ask nothing new")
	}
}

// Share skips t, one of many cases that cost much, in all but every nth run
// after its first. The cases take turns: whatever a run leaves out, the n-1 runs
// after it don't.
func Share(t testing.TB, n int) {
	t.Helper()
	if run := number(t); run > 0 && !due(t.Name(), run, n) {
		t.Skipf("the first run was whole, and further ones take one case of %d in turn", n)
	}
}

func due(name string, run, n int) bool {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(name))
	return (int(hash.Sum32()>>1)+first+run)%n == 0
}

// Rounds is how many random cases a test draws: all in its first run, few in
// those after it, which add up.
func Rounds(t testing.TB, all, few int) int {
	if number(t) > 0 {
		return few
	}
	return all
}
