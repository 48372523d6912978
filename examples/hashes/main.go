// Hashes prints the SHA-256 of each file of a folder and of those below it, in
// the manner of sha256sum, and shows how far it is while it does:
//
//	go run ./examples/hashes [folder] > sums
//	sha256sum -c sums
//
// Without a folder it takes the source of Go. A file that can't be read is
// reported. Ctrl-C ends it after the files that it has begun with. A newline or
// backslash in a path is not written as sha256sum does.
package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"go/build"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/progress"
)

type file struct {
	path string
	size int64
}

func main() {
	log.SetFlags(0)
	log.SetOutput(progress.Writer(os.Stderr))
	flag.Parse()
	folder := cmp.Or(flag.Arg(0), filepath.Join(build.Default.GOROOT, "src"))
	ctx, release := vimap.Interruptible(context.Background())
	defer release()
	if err := run(progress.Show(ctx, "hashing"), progress.Writer(os.Stdout), folder); err != nil {
		release()
		log.Fatal(err)
	}
}

// run writes a line for each file to w, in the order of their paths.
func run(ctx context.Context, w io.Writer, folder string) error {
	files, size, err := list(folder)
	if err != nil {
		return err
	}
	source := func(_ context.Context, out *vimap.Emitter[file]) error {
		out.Total(size, "bytes")
		for _, f := range files {
			if !out.One(f) {
				break
			}
			out.Advance(f.size)
		}
		return nil
	}
	sums := vimap.Emit(source).Via(vimap.Func(sum).Workers(runtime.GOMAXPROCS(0))).Ordered().Start(ctx)
	for result := range sums.Results() {
		if result.Err != nil {
			log.Print(result.Err)
		} else if _, err := fmt.Fprintf(w, "%x  %s\n", result.Out, result.In.path); err != nil {
			return err
		}
	}
	if n := sums.Stats().Failed; n > 0 && sums.Err() == nil {
		return fmt.Errorf("%d files could not be read", n)
	}
	return sums.Err()
}

// list finds the regular files, and how many bytes they have.
func list(folder string) (files []file, size int64, err error) {
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			files = append(files, file{path, info.Size()})
			size += info.Size()
		}
		return err
	})
	return files, size, err
}

func sum(_ context.Context, f file) ([]byte, error) {
	content, err := os.ReadFile(f.path)
	hash := sha256.Sum256(content)
	return hash[:], err
}
