package main

import (
	"fmt"
	"iter"
)

// sample yields rows of a CSV file.
func sample(rows int) iter.Seq[string] {
	return func(yield func(string) bool) {
		stations := []string{"Bergen", "Harare", "Lima", `"Nome, AK"`}
		for i := range rows {
			station := i % len(stations)
			if !yield(fmt.Sprintf("%s,%.1f", stations[station], float64(5*station+i%7))) {
				return
			}
		}
	}
}
