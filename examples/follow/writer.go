package main

import (
	"fmt"
	"math"
	"os"
	"sync"
)

// writer is a program that logs, and rotates its log.
type writer struct {
	path      string
	rotations int

	seen  *sync.Cond
	count int // entries that were read
}

// perFile is how many entries a file gets.
const perFile = 1_000

// write writes entries, and an end. A file that came and went before anybody
// looked would be lost, so it waits for the reader before it rotates again.
func (w *writer) write(entries int) error {
	for first := 0; first < entries; first += perFile {
		file, err := os.Create(w.path)
		if err != nil {
			return err
		}
		for i := first; i < min(entries, first+perFile); i++ {
			level := "INFO"
			if i%100 == 0 {
				level = "ERROR"
			}
			fmt.Fprintf(file, "%s entry %d\n", level, i)
		}
		if err := file.Close(); err != nil {
			return err
		}
		w.wait(first + 1)
		if err := os.Rename(w.path, w.path+".1"); err != nil {
			return err
		}
		w.rotations++
	}
	return os.WriteFile(w.path, []byte("END of the log\n"), 0o600)
}

// read says that an entry was read.
func (w *writer) read() {
	w.seen.L.Lock()
	defer w.seen.L.Unlock()
	w.count++
	w.seen.Broadcast()
}

// leave says that nothing more is read.
func (w *writer) leave() {
	w.seen.L.Lock()
	defer w.seen.L.Unlock()
	w.count = math.MaxInt
	w.seen.Broadcast()
}

// wait waits until so many entries were read.
func (w *writer) wait(count int) {
	w.seen.L.Lock()
	defer w.seen.L.Unlock()
	for w.count < count {
		w.seen.Wait()
	}
}
