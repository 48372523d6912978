// Command compare runs vimap and its peers on the same work and prints what it
// costs, then a line for each target.
//
//	GOTOOLCHAIN=auto go run -C bench ./compare [-quick] [-only NAME] [-rounds N] [-svg FILE]
//
// Its exit status is 1 if a column returned something wrong. A target that is
// short does not change it.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/vimap-go/vimap/bench/internal/chart"
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
	picture := flag.String("svg", "", "draw the most telling tables as bars in `FILE`")
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
	if err := errors.Join(compare(*only, *picture, options), data.Remove()); err != nil {
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
		data.Exit(130)
	}()
}

func compare(only, picture string, options harness.Options) error {
	machine()
	var results []harness.Result
	found := false
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
		results = append(results, result)
	}
	if !found {
		return fmt.Errorf("compare: no workload's name contains %q", only)
	}
	targets(results)
	if picture == "" {
		return nil
	}
	var svg bytes.Buffer
	if err := chart.Write(&svg, workloads.Chart(results)); err != nil {
		return err
	}
	return os.WriteFile(picture, svg.Bytes(), 0o600)
}

// targets prints the line of each target whose work was done.
func targets(results []harness.Result) {
	cores := float64(runtime.GOMAXPROCS(0))
	free := cores
	for i := range results {
		if spread, ok := results[i].Spread(harness.Cores); ok {
			free = min(free, spread.Median)
		}
	}
	if free < 0.9*cores {
		fmt.Printf("NOTE the machine was not ours alone: %.1f of %.0f cores free at worst\n", free, cores)
	}
	for _, target := range workloads.Targets() {
		for i := range results {
			if results[i].Workload.Name != target.Workload {
				continue
			}
			if line, ok := target.Line(results[i]); ok {
				fmt.Println(line)
			}
		}
	}
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
