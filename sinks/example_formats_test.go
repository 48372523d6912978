package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"

	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

type town struct {
	Name   string `csv:"name"`
	People int    `csv:"people,omitempty"`
}

var towns = []town{{"London, England", 8_900_000}, {"Atlantis", 0}}

func ExampleCSV() {
	folder, err := os.MkdirTemp("", "csv")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "towns.csv.gz")

	rows, err := sources.Slice(towns).Ordered().To(context.Background(), sinks.CSV(path).Outputs)
	fmt.Println(rows, err)
	back, err := sources.CSV[town](path).Ordered().To(context.Background(), sinks.Collect)
	fmt.Println(back, err)
	// Output:
	// 2 <nil>
	// [{London, England 8900000} {Atlantis 0}] <nil>
}

func ExampleCSVTo() {
	_, err := sources.Slice(towns).Ordered().To(context.Background(), sinks.CSVTo(os.Stdout).Outputs)
	fmt.Println(err)
	// Output:
	// name,people
	// "London, England",8900000
	// Atlantis,
	// <nil>
}

func ExampleTable_Comma() {
	_, err := sources.Slice(towns).Ordered().To(context.Background(), sinks.CSVTo(os.Stdout).Comma(';').Outputs)
	fmt.Println(err)
	// Output:
	// name;people
	// London, England;8900000
	// Atlantis;
	// <nil>
}

func ExampleTable_NoHeader() {
	_, err := sources.Slice(towns).Ordered().To(context.Background(), sinks.CSVTo(os.Stdout).NoHeader().Outputs)
	fmt.Println(err)
	// Output:
	// "London, England",8900000
	// Atlantis,
	// <nil>
}

// The columns of an input and of its output are chosen by a struct of both.
func ExampleTable_Outputs() {
	type length struct {
		Name   string
		Length int
	}
	rows, err := sources.Slice(towns).
		Map(func(t town) length { return length{t.Name, len(t.Name)} }).
		Ordered().
		To(context.Background(), sinks.CSVTo(os.Stdout).Outputs)
	fmt.Println(rows, err)
	// Output:
	// Name,Length
	// "London, England",15
	// Atlantis,8
	// 2 <nil>
}

func ExampleJSONArray() {
	folder, err := os.MkdirTemp("", "jsonarray")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "numbers.json")

	// The run fails, so the file does not appear.
	_, err = sources.Slice([]string{"1", "two"}).
		Try(strconv.Atoi).
		To(context.Background(), sinks.JSONArray(path).Outputs)
	_, missing := os.Stat(path)
	fmt.Println(err != nil, errors.Is(missing, os.ErrNotExist))
	// Output: true true
}

func ExampleJSONArrayTo() {
	_, err := sources.Slice([]string{"1", "two", "3"}).
		Try(strconv.Atoi).
		Ordered().
		To(context.Background(), sinks.JSONArrayTo(os.Stdout).Pairs)
	fmt.Println(err)
	// Output:
	// [
	// {"in":"1","out":1}
	// ]
	// vimap: stage "try": item 1: strconv.Atoi: parsing "two": invalid syntax
}
