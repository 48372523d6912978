package engine

import (
	"os"
	"os/signal"
	"sync"
)

// OnSignals calls the first function at the first of the signals, the second
// at the second, and so on; after the last it listens no more. end ends it
// before and waits until no function runs.
func OnSignals(signals []os.Signal, functions []func(os.Signal)) (end func()) {
	came := make(chan os.Signal, len(functions))
	quit, done := make(chan struct{}), make(chan struct{})
	signal.Notify(came, signals...)
	go func() {
		defer close(done)
		defer signal.Stop(came)
		for _, f := range functions {
			select {
			case s := <-came:
				f(s)
			case <-quit:
				return
			}
		}
	}()
	var once sync.Once
	return func() {
		once.Do(func() { close(quit) })
		<-done
	}
}
