package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
)

// records yields the records of a CSV file; an error has the file and its line.
func records(path string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer file.Close()
		reader := csv.NewReader(file)
		for {
			record, err := reader.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", path, err)
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}

func measurement(record []string) (m Measurement, err error) {
	m.Station = record[0]
	m.Degrees, err = strconv.ParseFloat(record[1], 64)
	return m, err
}
