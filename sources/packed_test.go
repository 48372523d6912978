package sources_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// nasty is text with what a reader could trip over.
var nasty = "\n\na\r\nb\r\n\r\n\x00\n\xff\xfe\n\ufeffa\n\"quoted\", 'so'\n\ra\r\r\n" + strings.Repeat("long ", 20_000) + "\nlast"

const small = "one\ntwo\nthree"

// many is more text than any decoder has in memory at once.
var many = strings.Repeat(strings.Repeat("x", 60)+"\n", 40_000)

// packs are the formats, and what packs text in them.
var packs = map[string]func(text string) []byte{
	"gzip": func(text string) []byte {
		return packed(text, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
	},
	"zstd": func(text string) []byte {
		return packed(text, func(w io.Writer) (io.WriteCloser, error) {
			return zstd.NewWriter(w, zstd.WithZeroFrames(true), zstd.WithEncoderConcurrency(1))
		})
	},
	"xz":    func(text string) []byte { return prepared(text, ".xz") },
	"bzip2": func(text string) []byte { return prepared(text, ".bz2") },
}

// prepared returns an archive from testdata, for there is no packer for it.
func prepared(text, suffix string) []byte {
	names := map[string]string{small: "small.txt", nasty: "nasty.txt", many: "many.txt", "": "nothing"}
	archive, err := os.ReadFile(filepath.Join(testdata, names[text]+suffix))
	must(err)
	return archive
}

// testdata is found from any folder: the examples go to others.
var testdata = func() string {
	path, err := filepath.Abs("testdata")
	if err != nil {
		panic(err)
	}
	return path
}()

func packed(text string, packer func(io.Writer) (io.WriteCloser, error)) []byte {
	var archive bytes.Buffer
	w, err := packer(&archive)
	must(err)
	_, err = io.WriteString(w, text)
	must(err)
	must(w.Close())
	return archive.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// place is how errors name a line.
func place(path string, line int) string { return fmt.Sprintf("%s:%d", path, line) }

func gzipped(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }

// cutOff returns an archive that breaks off behind text.
func cutOff(text string) []byte {
	var archive bytes.Buffer
	w := gzip.NewWriter(&archive)
	_, err := io.WriteString(w, text)
	must(err)
	must(w.Flush())
	return archive.Bytes()
}
