// Command sqlite reads a CSV file of measurements into an SQLite database, and
// asks that for the mean of each station. It makes the file itself.
//
//	go -C examples/sqlite run . [-rows n]
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// Measurement is a line of the file.
type Measurement struct {
	Station string
	Degrees float64
}

func main() {
	log.SetFlags(0)
	rows := flag.Int("rows", 200_000, "how many rows to make")
	flag.Parse()
	folder, err := os.MkdirTemp("", "sqlite")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if err := run(context.Background(), os.Stdout, folder, *rows); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, report io.Writer, folder string, rows int) (err error) {
	path := filepath.Join(folder, "measurements.csv")
	if _, err := sources.Seq(sample(rows)).To(ctx, sinks.Lines(path).Outputs); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", filepath.Join(folder, "measurements.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, "CREATE TABLE measurements (station TEXT, degrees REAL)"); err != nil {
		return err
	}
	begun := time.Now()
	n, err := sources.Seq2(records(path)).
		Try(measurement).
		To(ctx, sinks.Exec(db, "INSERT INTO measurements VALUES (?, ?)",
			func(m Measurement) []any { return []any{m.Station, m.Degrees} }).Batch(10_000).Outputs)
	if err != nil {
		return err
	}
	log.Printf("%d rows in %v", n, time.Since(begun).Round(time.Millisecond))
	means := sources.Rows[Measurement](db,
		"SELECT station, avg(degrees) AS degrees FROM measurements GROUP BY station ORDER BY station").Ordered().Start(ctx)
	for mean := range means.Zip() {
		fmt.Fprintf(report, "%-8s %5.1f\n", mean.Station, mean.Degrees)
	}
	return means.Err()
}
