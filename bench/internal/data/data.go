// Package data keeps the files that workloads read in one temporary folder,
// each made once, for this process and those that it starts.
package data

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// variable names the folder in the environment, for the processes that this
// one starts.
const variable = "VIMAP_BENCH_DATA"

var folder struct {
	sync.Mutex
	path string // "": this process has made none
}

// located returns the folder, which is there when it returns.
func located() (string, error) {
	if path := os.Getenv(variable); path != "" {
		return path, nil
	}
	path, err := os.MkdirTemp("", "vimap-bench-")
	if err != nil {
		return "", err
	}
	folder.path = path
	return path, os.Setenv(variable, path)
}

// Remove removes the folder if this process made it.
func Remove() error {
	folder.Lock()
	defer folder.Unlock()
	return remove()
}

// Exit removes the folder and ends the process while columns still read from
// it: with the lock in hand, lest they make it anew, or end the process first.
func Exit(status int) {
	folder.Lock()
	if err := remove(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// Panic panics over a file that cannot be read, unless [Exit] is removing it.
func Panic(err error) {
	folder.Lock()
	defer folder.Unlock()
	panic(err)
}

func remove() error {
	if folder.path == "" {
		return nil
	}
	err := errors.Join(os.RemoveAll(folder.path), os.Unsetenv(variable))
	folder.path = ""
	return err
}

// File returns the path of a file in the folder, and the sum that columns
// have to arrive at with it. It calls write and then sum for a name that is
// asked for the first time. The name says all that the contents depend on.
func File(name string, write func(*bufio.Writer) error, sum func(path string) (uint64, error)) (path string, want uint64, err error) {
	return made(name, func(path string) error { return writeFile(path, write) }, sum)
}

// Tree is [File] for a folder of files, which fill makes.
func Tree(name string, fill func(path string) error, sum func(path string) (uint64, error)) (path string, want uint64, err error) {
	return made(name, fill, sum)
}

// made has the sum beside what it belongs to. It is written last: where it is
// missing nothing is whole.
func made(name string, fill func(path string) error, sum func(path string) (uint64, error)) (path string, want uint64, err error) {
	folder.Lock()
	defer folder.Unlock()
	in, err := located()
	if err != nil {
		return "", 0, err
	}
	path = filepath.Join(in, name)
	beside := path + ".sum"
	text, err := os.ReadFile(beside)
	if err == nil {
		want, err = strconv.ParseUint(string(text), 10, 64)
		return path, want, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", 0, err
	}
	if err = fill(path); err == nil {
		want, err = sum(path)
	}
	if err == nil {
		err = os.WriteFile(beside, strconv.AppendUint(nil, want, 10), 0o600)
	}
	if err != nil {
		return "", 0, fmt.Errorf("%s: %w", name, err)
	}
	return path, want, nil
}

func writeFile(path string, write func(*bufio.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	return errors.Join(write(w), w.Flush(), file.Close())
}
