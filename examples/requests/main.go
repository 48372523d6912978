// Command requests sends a file of JSON requests to a set of servers, one
// worker with a session of its own per server, and writes a file with exactly
// one line for each request: its response, or why there is none.
//
//	requests [-servers n] [-out file] [requests.jsonl]
//
// It starts the servers itself: some answers are slow, some are a 503, and one
// server dies half-way. Without a file it writes a sample of 10,000 requests.
// Ctrl-C ends the reading: what was read is sent and written. A second one gives
// up.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func main() {
	log.SetFlags(0)
	servers := flag.Int("servers", 4, "how many servers to start, at least 2")
	out := flag.String("out", "", "the file of responses (default responses.jsonl in a temporary folder)")
	flag.Parse()
	ctx, release := vimap.Interruptible(context.Background())
	defer release()
	if err := run(ctx, os.Stdout, flag.Arg(0), *out, *servers); err != nil {
		release()
		log.Fatal(err)
	}
}

// run sends the requests of the file at in and writes what came of them to the
// file at out; either may be "".
func run(ctx context.Context, report io.Writer, in, out string, servers int) error {
	if servers < 2 {
		return errors.New("there must be at least 2 servers: one of them dies")
	}
	if in == "" || out == "" {
		folder, err := os.MkdirTemp("", "requests")
		if err != nil {
			return err
		}
		if in == "" {
			in = filepath.Join(folder, "requests.jsonl")
			if err := writeSample(ctx, in, 10_000); err != nil {
				return err
			}
		}
		if out == "" {
			out = filepath.Join(folder, "responses.jsonl")
		}
	}
	n, err := sources.Lines(in).To(ctx, sinks.Ignore)
	if err != nil {
		return err
	}
	farm := startFarm(servers, max(1, n/int64(2*servers))) // half its share
	defer farm.stop()

	begun := time.Now()
	sending := sources.JSONLines[Request](in).Via(send(farm.addresses())).Start(ctx)
	lines, err := sinks.JSONLines(out).Results(sending)
	if err != nil {
		return err
	}
	summary(report, sending.Stats(), farm, time.Since(begun))
	fmt.Fprintf(report, "%d lines in %s\n", lines, out)
	return nil
}

// send is the stage: a worker for each server, which keeps a session with it.
// What a server refuses is tried again by whichever worker is free; a server
// that can't be reached three times in a row is given up.
func send(servers []string) vimap.Stage[Request, Response] {
	return vimap.OpenWith(dial).
		Close((*Session).Close).
		Do((*Session).Post).
		Each(servers...).
		Named("send").
		Timeout(5 * time.Second).
		Retry(retry.Exponential(2*time.Millisecond, time.Second).Attempts(8)).
		Restart(retry.Exponential(10*time.Millisecond, time.Second).Attempts(3))
}
