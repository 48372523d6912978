package workloads

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/bench/internal/data"
	"github.com/vimap-go/vimap/bench/internal/harness"
	"github.com/vimap-go/vimap/bench/internal/peers"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// station is what is known of one: temperatures are in tenths of a degree.
type station struct{ least, most, total, rows int }

func (s *station) add(tenths int) {
	if s.rows == 0 {
		s.least, s.most = tenths, tenths
	}
	s.least, s.most = min(s.least, tenths), max(s.most, tenths)
	s.total += tenths
	s.rows++
}

// stations are known by name.
type stations map[string]*station

// add adds a row. The name is copied once for each station.
func (s stations) add(row []byte) {
	semicolon := bytes.IndexByte(row, ';')
	one := s[string(row[:semicolon])]
	if one == nil {
		one = new(station)
		s[string(row[:semicolon])] = one
	}
	one.add(tenths(row[semicolon+1:]))
}

// addShort adds a row that was taken apart.
func (s stations) addShort(r shortRow) {
	name := r.name[:r.length]
	one := s[string(name)]
	if one == nil {
		one = new(station)
		s[string(name)] = one
	}
	one.add(r.tenths)
}

// addRow adds a row that was taken apart.
func (s stations) addRow(r row) {
	one := s[r.name]
	if one == nil {
		one = new(station)
		s[strings.Clone(r.name)] = one
	}
	one.add(r.tenths)
}

// merge adds what others know.
func (s stations) merge(others stations) stations {
	for name, other := range others {
		one := s[name]
		if one == nil {
			s[name] = other
			continue
		}
		one.least, one.most = min(one.least, other.least), max(one.most, other.most)
		one.total += other.total
		one.rows += other.rows
	}
	return s
}

// sum makes one number of all that is known.
func (s stations) sum() uint64 {
	var out []byte
	for _, name := range slices.Sorted(maps.Keys(s)) {
		out = fmt.Appendf(out, "%s=%v\n", name, *s[name])
	}
	return uint64(crc32.ChecksumIEEE(out))
}

// row is one that was taken apart.
type row struct {
	name   string
	tenths int
}

func parseRow(line string) row {
	name, temperature, _ := strings.Cut(line, ";")
	return row{name, tenths(temperature)}
}

// shortRow is a row that holds its name itself: it is made of a line that is
// valid for a moment only, and needs no memory of its own.
type shortRow struct {
	tenths int
	length uint8
	name   [15]byte // longer than all names
}

func parseShortRow(line []byte) (r shortRow) {
	semicolon := bytes.IndexByte(line, ';')
	r.length = uint8(copy(r.name[:], line[:semicolon]))
	r.tenths = tenths(line[semicolon+1:])
	return r
}

// tenths reads a number with one digit behind its point.
func tenths[T string | []byte](text T) (n int) {
	for i := range len(text) {
		if c := text[i]; c >= '0' && c <= '9' {
			n = 10*n + int(c-'0')
		}
	}
	if text[0] == '-' {
		return -n
	}
	return n
}

// Rows has the least, mean and greatest temperature of 400 stations, as in the
// challenge of a billion rows. The column "hand-written" is the loop one would
// write for two cores.
func Rows() harness.Workload {
	return harness.Workload{
		Name:  "rows",
		About: "rows station;temperature of a file → the figures of each station, 2 workers",
		Full:  20_000_000, Quick: 1_000_000, Test: 60_000,
		Base: "hand-written",
		Peak: true,
		Build: func(n int) (harness.Job, error) {
			path, want, err := rowFile(n)
			if err != nil {
				return harness.Job{}, err
			}
			columns := []harness.Column{
				{Name: "sequential", Run: func() (uint64, error) { return sequentialRows(path) }},
				once(folding("channels", peers.Channels[string, row](0), path)),
				once(folding("chan 128", peers.Channels[string, row](128), path)),
				folding("limit", peers.Limit[string, row], path),
				{Name: "hand-written", Run: func() (uint64, error) { return handWritten(path) }},
				{Name: "vimap", Run: func() (uint64, error) { return lentRows(path) }},
				knowing("vimap map", sources.Bytes(path).Map(parseShortRow), stations.addShort),
				knowing("vimap strings", sources.Lines(path).Map(parseRow), stations.addRow),
			}
			return harness.Job{Want: want, Columns: columns}, nil
		},
	}
}

// folding is the column of a pool that takes rows apart, while one goroutine
// keeps the figures.
func folding(name string, pool peers.Pool[string, row], path string) harness.Column {
	return harness.Column{Name: name, Run: func() (uint64, error) {
		known := stations{}
		err := pool(scan(path), 2, parseRow, known.addRow)
		return known.sum(), err
	}}
}

// lentRows keeps the figures of each worker apart until the end.
func lentRows(path string) (uint64, error) {
	known, err := sources.Bytes(path).Aggregate(context.Background(),
		func() stations { return stations{} },
		func(known stations, row []byte) stations {
			known.add(row)
			return known
		},
		stations.merge)
	return known.sum(), err
}

// knowing is the column of a pipeline whose rows come together in its workers.
func knowing[In, R any](name string, p vimap.Pipeline[In, R], add func(stations, R)) harness.Column {
	return harness.Column{Name: name, Run: func() (uint64, error) {
		known, err := p.To(context.Background(), sinks.Aggregate(
			func() stations { return stations{} },
			func(known stations, _ In, r R) stations {
				add(known, r)
				return known
			},
			stations.merge))
		return known.sum(), err
	}}
}

func sequentialRows(path string) (uint64, error) {
	known := stations{}
	for line := range scanBytes(path) {
		known.add(line)
	}
	return known.sum(), nil
}

// handWritten keeps the figures of each of two workers apart until the end.
func handWritten(path string) (uint64, error) {
	known := []stations{{}, {}}
	err := peers.Pieces(path, len(known), func(worker int, lines []byte) {
		mine := known[worker]
		for len(lines) > 0 {
			end := bytes.IndexByte(lines, '\n')
			mine.add(lines[:end])
			lines = lines[end+1:]
		}
	})
	return known[0].merge(known[1]).sum(), err
}

// rowFile has n rows of 400 stations in an order that looks like none.
func rowFile(n int) (path string, want uint64, err error) {
	var names []string
	for first := range strings.FieldsSeq("Al Bar Cor Dal Ed Fal Gren Hol Ister Jan Kar Lis Mon Nor Oster Par Quin Rot Sar Tol") {
		for second := range strings.FieldsSeq("a berg city dam es feld gate heim ino kirk land mouth ness ona port quay ridge stad ton ville") {
			names = append(names, first+second)
		}
	}
	return data.File(fmt.Sprintf("rows-%d.txt", n), func(w *bufio.Writer) error {
		random := uint32(1)
		var text []byte
		for range n {
			random = 1664525*random + 1013904223 // as in Numerical Recipes; its upper bits are fair
			text = append(append(text[:0], names[random>>16%uint32(len(names))]...), ';')
			random = 1664525*random + 1013904223
			tenths := int(random>>16)%900 - 350
			if tenths < 0 {
				text, tenths = append(text, '-'), -tenths
			}
			text = strconv.AppendInt(text, int64(tenths/10), 10)
			text = append(text, '.', byte('0'+tenths%10), '\n')
			if _, err := w.Write(text); err != nil {
				return err
			}
		}
		return nil
	}, sequentialRows)
}
