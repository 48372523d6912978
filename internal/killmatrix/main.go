//go:build unix

// Killmatrix breaks child processes in every way at every moment of their lives
// and prints a table of what became of the inputs:
//
//	go run ./internal/killmatrix
//	go run ./internal/killmatrix -only "half-written"
//	go run ./internal/killmatrix -soak 100000
//
// Its exit status is 1 if a cell is not as it should be.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/vimap-go/vimap/process"
)

func main() {
	faultBeforeInit()
	process.Init()
	only := flag.String("only", "", "run the cells whose name contains `text`")
	soak := flag.Int("soak", 0, "instead send `n` items through children that are killed all the time")
	flag.Parse()
	ctx := context.Background()
	if *soak > 0 {
		if err := soaked(ctx, *soak); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	if !matrix(ctx, *only) {
		os.Exit(1)
	}
}

// matrix runs the cells and prints a line for each moment and fault. It reports
// whether all are as they should be.
func matrix(ctx context.Context, only string) bool {
	variants := []variant{{false, false}, {false, true}, {true, false}, {true, true}}
	fmt.Printf("%-14s%-16s", "moment", "fault")
	for _, v := range variants {
		fmt.Printf("%-26s", v)
	}
	fmt.Println()
	var wrong []string
	cells := 0
	for _, moment := range moments {
		for _, fault := range faults {
			name := moment + " " + fault
			if !strings.Contains(name, only) {
				continue
			}
			fmt.Printf("%-14s%-16s", moment, fault)
			for _, v := range variants {
				c := cell{moment: moment, fault: fault, variant: v}
				err := c.run(ctx)
				cells++
				said := fmt.Sprintf("ok %d+%d %v", c.delivered, c.failed, c.took.Round(time.Millisecond))
				if err != nil {
					wrong = append(wrong, fmt.Sprintf("%s, %v: %v", name, v, err))
					said = "WRONG"
				}
				fmt.Printf("%-26s", said)
			}
			fmt.Println()
		}
	}
	fmt.Printf("%d cells, %d wrong (ok 28+2 means 28 outputs and 2 failures)\n", cells, len(wrong))
	for _, line := range wrong {
		fmt.Println(line)
	}
	return len(wrong) == 0
}
