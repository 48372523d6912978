// Soak runs random programs with random faults one after another, in real time,
// for as long as it is told, and holds that every promise is kept and that
// goroutines, open files and memory stay where they are.
//
//	go run ./internal/soak -for 10m
//
// It prints a row every so often and a verdict at the end, and fails by its
// exit status.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/vimap-go/vimap/internal/laws"
)

func main() {
	length := flag.Duration("for", 10*time.Minute, "how long")
	every := flag.Duration("every", 0, "how often a row is printed; 0 for twenty of them")
	first := flag.Uint64("seed", 0, "of the first program; the others follow it; 0 for a random one")
	flag.Parse()
	if *every <= 0 {
		*every = max(time.Second, *length/20)
	}
	if *first == 0 {
		*first = 1 + rand.Uint64N(1<<48)
	}
	if !soak(*length, *every, *first) {
		os.Exit(1)
	}
}

// soak runs programs for length and reports whether all was well.
func soak(length, every time.Duration, seed uint64) bool {
	began := time.Now()
	var total laws.Report
	var rows []row
	programs, violations := 0, 0
	fmt.Printf("soak for %v, seeds from %d\n%s\n", length, seed, header)
	for next := began.Add(every); ; seed++ {
		report := run(seed)
		programs++
		total.Items, total.Faults = total.Items+report.Items, total.Faults+report.Faults
		violations += len(report.Violations)
		over := time.Since(began) >= length
		if !over && time.Now().Before(next) {
			continue
		}
		rows = append(rows, measure(row{
			elapsed: time.Since(began), programs: programs, items: total.Items, faults: total.Faults, violations: violations,
		}))
		fmt.Println(rows[len(rows)-1])
		if over {
			break
		}
		next = time.Now().Add(every)
	}
	text, well := verdict(rows)
	fmt.Println(text)
	return well
}

// run runs the program of a seed, and tells of it if it breaks a promise.
func run(seed uint64) laws.Report {
	p := laws.Draw(laws.Seeded(seed), false)
	hangs := time.AfterFunc(time.Minute, func() {
		panic(fmt.Sprintf("program %d hangs:\n%s", seed, p))
	})
	defer hangs.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	report := p.Check(ctx, nil)
	for _, violation := range report.Violations {
		fmt.Printf("VIOLATION by program %d: %s\n%s\n", seed, violation, p)
		fmt.Printf("run it again: GOTOOLCHAIN=auto go test ./internal/laws -run 'TestARandomProgramKeepsEveryPromise$/real_time' -count=20 -seed=%d\n", seed)
	}
	return report
}
