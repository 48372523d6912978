// Command compare runs vimap and its peers on the same work and prints what it
// costs, then a line for each target.
//
//	GOTOOLCHAIN=auto go run -C bench ./compare [-quick] [-only NAME] [-rounds N]
//
// Its exit status is 1 if a column returned something wrong. A target that is
// short does not change it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/vimap-go/vimap/bench/internal/data"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/workloads"
)

func main() {
	if status, ok := harness.Child(workloads.All()); ok {
		os.Exit(status)
	}
	quick := flag.Bool("quick", false, "fewer items, three rounds, no slow columns: under a minute")
	only := flag.String("only", "", "run the workloads whose name contains `NAME`")
	rounds := flag.Int("rounds", 0, "take the median of `N` rounds (default 5, with -quick 3)")
	progress := flag.Bool("progress", false, "say on standard error what is running")
	flag.Parse()

	options := harness.Options{Quick: *quick, Rounds: *rounds}
	if *rounds < 0 || flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if *rounds == 0 {
		options.Rounds = 5
		if *quick {
			options.Rounds = 3
		}
	}
	if *progress {
		options.Progress = func(workload, column string, round int) {
			fmt.Fprintf(os.Stderr, "\r\x1b[K%s, round %d: %s ", workload, round, column)
		}
	}
	removeWhenInterrupted()
	if err := errors.Join(compare(*only, options), data.Remove()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// removeWhenInterrupted leaves no files behind at Ctrl-C: some are large.
func removeWhenInterrupted() {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		if err := data.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(130)
	}()
}

func compare(only string, options harness.Options) error {
	machine()
	var targets []string
	found, free := false, float64(runtime.GOMAXPROCS(0))
	for _, workload := range workloads.All() {
		if !strings.Contains(workload.Name, only) {
			continue
		}
		found = true
		if options.Quick && workload.Quick == 0 {
			continue
		}
		result, err := harness.Measure(workload, options)
		if err != nil {
			return err
		}
		fmt.Println(result.Table())
		if cores, ok := result.Spread(harness.Cores); ok {
			free = min(free, cores.Median)
		}
		for _, target := range workloads.Targets() {
			if target.Workload != workload.Name {
				continue
			}
			if line, ok := target.Line(result); ok {
				targets = append(targets, line)
			}
		}
	}
	if !found {
		return fmt.Errorf("compare: no workload's name contains %q", only)
	}
	if cores := runtime.GOMAXPROCS(0); free < 0.9*float64(cores) {
		fmt.Printf("NOTE the machine was not ours alone: %.1f of %d cores free at worst\n", free, cores)
	}
	for _, line := range targets {
		fmt.Println(line)
	}
	return nil
}

// machine says what the figures depend on.
func machine() {
	fmt.Printf("%s %s/%s, %d cores, GOMAXPROCS %d\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.GOMAXPROCS(0))
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, peer := range info.Deps {
			if peer.Replace == nil && workloads.IsPeer(peer.Path) {
				fmt.Printf("%s %s\n", peer.Path, peer.Version)
			}
		}
	}
	fmt.Println()
}
