package sources_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vimap-go/vimap/sources"
)

// BenchmarkPacked reads the lines of one text in every packing there is a packer
// for.
func BenchmarkPacked(b *testing.B) {
	data := text(16 << 20)
	lines := bytes.Count(data, []byte{'\n'})
	for name, file := range map[string][]byte{
		"plain": data, "gzip": packs["gzip"](string(data)), "zstd": packs["zstd"](string(data)),
	} {
		path := filepath.Join(b.TempDir(), name)
		must(os.WriteFile(path, file, 0o600))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			perItem(b, lines, "line", drain(b, sources.Lines(path)))
		})
	}
}

func BenchmarkCSV(b *testing.B) {
	const rows = 100_000
	path := filepath.Join(b.TempDir(), "rows.csv")
	must(os.WriteFile(path, []byte("name,age,City\n"+strings.Repeat("Ada Lovelace,36,London\n", rows)), 0o600))
	perItem(b, rows, "row", drain(b, sources.CSV[person](path)))
}

func BenchmarkJSONArray(b *testing.B) {
	const elements = 100_000
	path := filepath.Join(b.TempDir(), "array.json")
	element := `{"uri":"/some/path/of/an/item","data":{"one":1,"two":2,"three":3}}`
	must(os.WriteFile(path, []byte("["+strings.Repeat(element+",\n", elements-1)+element+"]"), 0o600))
	perItem(b, elements, "element", drain(b, sources.JSONArray[request](path)))
}
