package expvars_test

import (
	"context"
	"encoding/json"
	"expvar"
	"fmt"
	"strings"

	"github.com/vimap-go/vimap/expvars"
	"github.com/vimap-go/vimap/sources"
)

// The variable is there for the life of the program, runs come and go.
func ExamplePublish() {
	name := fresh() // such as "vimap"
	runs := expvars.Publish(name)

	run := sources.Slice([]string{"apple", "fig"}).Map(strings.ToUpper).Start(context.Background())
	remove := runs.Add("fruit", run)
	defer remove()
	for range run.Zip() {
	}

	var shown map[string]struct {
		State           string
		Read, Delivered int
	}
	err := json.Unmarshal([]byte(expvar.Get(name).String()), &shown) //nolint:musttag // names are matched whatever their case
	fmt.Println(shown["fruit"], err)
	// Output: {done 2 2} <nil>
}

// A run that is over is shown until it is removed.
func ExampleRuns_Add() {
	runs := expvars.Publish(fresh())
	for range 2 { // the second takes the place of the first
		run := sources.Slice([]string{"apple", "fig"}).Start(context.Background())
		remove := runs.Add("fruit", run)
		for range run.Zip() {
		}
		remove()
	}
	fmt.Println(runs)
	// Output: {}
}

// String is what expvar shows.
func ExampleRuns_String() {
	fmt.Println(expvars.Publish(fresh()).String())
	// Output: {}
}
