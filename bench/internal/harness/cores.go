package harness

import (
	"runtime"
	"sync"
	"time"
)

// Cores is how many cores were free.
func Cores(r Round) (float64, bool) { return r.Cores, r.Cores > 0 }

// freeCores keeps all cores busy for 20 ms and returns how many this process
// got. With a neighbour on the same machine that is fewer than there are, and
// nothing can be twice as fast on two cores. 0: it is not known.
func freeCores() float64 {
	cpu, start := cpuTime(), time.Now()
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for time.Since(start) < 20*time.Millisecond {
				continue
			}
		})
	}
	wg.Wait()
	return float64(cpuTime()-cpu) / float64(time.Since(start))
}
