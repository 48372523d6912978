package vimap

import (
	"context"

	"github.com/vimap-go/vimap/internal/engine"
)

// Labelled returns a context whose runs, and pools, label their goroutines for
// runtime/pprof: "stage" is the name of a worker's stage ("steps" where inline
// steps have a worker of their own, "source" for the source), and "worker" its
// number, from 0. So a profile says which stage costs what:
//
//	go tool pprof -tags cpu.out
//	go tool pprof -tagfocus stage=parse cpu.out
//
// The labels of ctx itself are kept. It costs a few allocations for each worker
// of a run, and nothing for an item; other contexts cost nothing.
//
// For runtime/trace there is nothing to ask for: a run that begins while a trace
// is taken is a task "vimap run" in it, the life of each worker a region with the
// name of its stage, and the functions' contexts belong to the task.
func Labelled(ctx context.Context) context.Context { return engine.Labelled(ctx) }
