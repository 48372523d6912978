// Thumbnails scales the images of a folder, and of those below it, to JPEG files
// of at most 160 × 160 pixels, and shows how far it is while it does:
//
//	go -C examples/thumbnails run . [folder [into]]
//
// Without a folder it makes some images first. Images that can't be read are
// named and cost themselves alone; Ctrl-C ends it after those that it has begun
// with.
package main

import (
	"context"
	"flag"
	"fmt"
	"image"
	_ "image/gif"
	"image/jpeg"
	_ "image/png"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/image/draw"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/progress"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

const side = 160

func main() {
	log.SetFlags(0)
	flag.Parse()
	ctx, release := vimap.Interruptible(context.Background())
	defer release()
	if err := run(ctx, progress.Writer(os.Stdout), flag.Arg(0), flag.Arg(1)); err != nil {
		release()
		log.Fatal(err)
	}
}

// run scales the images in from to files in into; either may be "".
func run(ctx context.Context, w io.Writer, from, into string) (err error) {
	if into == "" {
		if into, err = os.MkdirTemp("", "thumbnails"); err != nil {
			return err
		}
	}
	if from == "" {
		from = filepath.Join(into, "images")
		if err := makeImages(from, 300); err != nil {
			return err
		}
	}
	// All paths first: then it is known how many there are.
	paths, err := sources.Walk(os.DirFS(from), "**/*.{jpg,jpeg,png,gif}").Ordered().To(ctx, sinks.Collect)
	if err != nil {
		return err
	}
	scale := func(_ context.Context, path string) (string, error) {
		name := strings.ReplaceAll(path, "/", "_") + ".thumbnail.jpg"
		return name, thumbnail(filepath.Join(from, path), filepath.Join(into, name))
	}
	scaling := sources.Slice(paths).Via(vimap.Func(scale).Workers(runtime.GOMAXPROCS(0))).Start(progress.Show(ctx, "scaling"))
	for result := range scaling.Results() {
		if result.Err != nil {
			fmt.Fprintf(w, "%s: %v\n", result.In, result.Err)
		}
	}
	fmt.Fprintf(w, "%d thumbnails in %s\n", scaling.Stats().Delivered, into)
	return scaling.Err()
}

func thumbnail(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	large, _, err := image.Decode(in)
	if err != nil {
		return err
	}
	size := large.Bounds().Size()
	longer := max(size.X, size.Y, side) // what is small stays so
	small := image.NewRGBA(image.Rect(0, 0, max(1, size.X*side/longer), max(1, size.Y*side/longer)))
	draw.CatmullRom.Scale(small, small.Bounds(), large, large.Bounds(), draw.Src, nil)
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	return jpeg.Encode(out, small, nil)
}
