//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/vimap-go/vimap/process"
)

var (
	moments = []string{"handshake", "open", "idle", "in hand", "half-written", "close"}
	faults  = []string{"SIGKILL", "exit 0", "exit 1", "garbage", "hang", "SIGSTOP", "stack overflow", "memory"}
)

// envPlan is what a child is to do: moment, fault, and how many children are to
// do it, with a folder in which they count themselves.
const envPlan = "KILLMATRIX_PLAN"

type plan struct {
	moment, fault string
	most          int
	folder        string
}

func (p plan) String() string {
	return strings.Join([]string{p.moment, p.fault, strconv.Itoa(p.most), p.folder}, "|")
}

func currentPlan() (p plan) {
	parts := strings.Split(os.Getenv(envPlan), "|")
	if len(parts) != 4 {
		return p
	}
	p.moment, p.fault, p.folder = parts[0], parts[1], parts[3]
	p.most, _ = strconv.Atoi(parts[2])
	return p
}

// victim is the worker whose children are broken. It doubles its input.
var victim = process.Define("victim").Open(openVictim).Close(closeVictim).Do((*state).do)

type state struct {
	plan plan
	idle bool // its fault at an idle moment is on its way
}

func faultBeforeInit() { currentPlan().strike("handshake") }

func openVictim(context.Context) (*state, error) {
	s := &state{plan: currentPlan()}
	s.plan.strike("open")
	return s, nil
}

func closeVictim(s *state) error {
	s.plan.strike("close")
	return nil
}

// idleAfter is how long after its first input a child is idle.
const idleAfter = 30 * time.Millisecond

func (s *state) do(_ context.Context, n int) (int, error) {
	if s.plan.moment == "idle" && !s.idle {
		s.idle = true
		time.AfterFunc(idleAfter, func() { s.plan.strike("idle") })
	}
	if n < 0 { // poison
		if s.plan.moment == "half-written" {
			_, _ = syscall.Write(toParent, []byte("vm\x09\x00\x10\x00\x00\x00\x01\x02"))
		}
		s.plan.harm()
	}
	return 2 * n, nil
}

// toParent is the pipe that the answers go through.
const toParent = 4

// strike breaks the child if this is the moment, and not enough others were.
func (p plan) strike(moment string) {
	if p.moment != moment {
		return
	}
	for i := range p.most {
		f, err := os.OpenFile(filepath.Join(p.folder, strconv.Itoa(i)), os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			f.Close()
			p.harm()
			return
		}
	}
}

// memory that may be had, and how much of it is eaten.
const (
	memoryLimit = 120 << 20
	memoryEaten = 300 << 20
)

var eaten [][]byte

func (p plan) harm() {
	switch p.fault {
	case "SIGKILL":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Hour)
	case "exit 0":
		os.Exit(0)
	case "exit 1":
		fmt.Fprintln(os.Stderr, "I give up")
		os.Exit(1)
	case "garbage":
		_, _ = syscall.Write(toParent, []byte("hello, I am a program that prints where it should not\n"))
	case "hang":
		time.Sleep(time.Hour)
	case "SIGSTOP":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		time.Sleep(time.Hour) // it takes a moment
	case "stack overflow":
		debug.SetMaxStack(1 << 20)
		eaten = make([][]byte, 0, deeper(0))
	case "memory":
		for len(eaten) < memoryEaten>>20 {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			eaten = append(eaten, b)
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(time.Hour)
	}
}

func deeper(n int) int {
	if n < 0 {
		return 0
	}
	return deeper(n+1) + 1
}
