package sources_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/jszwec/csvutil"
	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

type person struct {
	Name string `csv:"name"`
	Age  int    `csv:"age,omitempty"`
	City *string
}

func named(name string, age int) person { return person{Name: name, Age: age} }

func TestRowsAreDecodedByTheirHeader(t *testing.T) {
	rerun.Share(t, 4)
	rome := "Rome"
	tab := sources.Table{Comma: '\t'}
	bare := sources.Table{Header: []string{"age", "name", "City"}}
	missing := sources.Table{Missing: true}
	for name, c := range map[string]struct {
		table sources.Table
		text  string
		want  []person
	}{
		"in order":                    {sources.Table{}, "name,age,City\nAda,36,\nAlan,41,Rome\n", []person{named("Ada", 36), {"Alan", 41, &rome}}},
		"in another order, with more": {sources.Table{}, "City,id,age,name\nRome,1,41,Alan\n", []person{{"Alan", 41, &rome}}},
		"an empty file":               {sources.Table{}, "", nil},
		"empty lines alone":           {sources.Table{}, "\n\r\n", nil},
		"a header alone":              {sources.Table{}, "name,age,City\n", nil},
		"no final newline":            {sources.Table{}, "name,age,City\nAda,36,", []person{named("Ada", 36)}},
		"CRLF":                        {sources.Table{}, "name,age,City\r\nAda,36,\r\n", []person{named("Ada", 36)}},
		"a byte order mark":           {sources.Table{}, "\ufeffname,age,City\nAda,36,\n", []person{named("Ada", 36)}},
		"a mark and quotes":           {sources.Table{}, "\ufeff\"name\",age,City\nAda,36,\n", []person{named("Ada", 36)}},
		"a second mark":               {sources.Table{}, "name,age,City\n\ufeffAda,36,\n", []person{named("\ufeffAda", 36)}},
		"quotes, commas and newlines": {sources.Table{}, "name,age,City\n\"A \"\"da\"\",\nL\",36,\n", []person{named("A \"da\",\nL", 36)}},
		"CRLF in quotes":              {sources.Table{}, "name,age,City\r\n\"A\r\nda\",36,\r\n", []person{named("A\nda", 36)}},
		"NUL and invalid UTF-8":       {sources.Table{}, "name,age,City\n\x00\xff,36,\n", []person{named("\x00\xff", 36)}},
		"a long field":                {sources.Table{}, "name,age,City\n" + strings.Repeat("x", 200_000) + ",1,\n", []person{named(strings.Repeat("x", 200_000), 1)}},
		"doubled columns not wanted":  {sources.Table{}, "x,name,x,age,City,,\n1,Ada,2,36,,,\n", []person{named("Ada", 36)}},
		"tabs":                        {tab, "name\tage\tCity\nA,da\t36\t\n", []person{named("A,da", 36)}},
		"no header":                   {bare, "36,Ada,\n41,Alan,Rome\n", []person{named("Ada", 36), {"Alan", 41, &rome}}},
		"missing columns":             {missing, "name\nAda\n", []person{named("Ada", 0)}},
		"comments":                    {sources.Table{Comment: '#'}, "# a table\nname,age,City\n#x\nAda,36,\n", []person{named("Ada", 36)}},
		"lazy quotes":                 {sources.Table{LazyQuotes: true}, "name,age,City\nA\"da,36,\n", []person{named("A\"da", 36)}},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			got, err := collect(t, c.table.CSV[person](file(t, "a.csv", c.text)))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			zipped := packed(c.text, func(w io.Writer) (io.WriteCloser, error) { return gzipped(w), nil })
			got, err = collect(t, c.table.CSV[person](file(t, "a", string(zipped))))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestFilesMayHaveDifferentHeaders(t *testing.T) {
	quiet(t)
	one, two := file(t, "1", "name,age,City\nAda,36,\nAlan,41,\n"), file(t, "2", "City,name,id,age\n,Grace,1,85\n")
	got, err := collect(t, sources.CSV[person](one, two, file(t, "3", ""), one))
	require.NoError(t, err)
	require.Equal(t, []person{named("Ada", 36), named("Alan", 41), named("Grace", 85), named("Ada", 36), named("Alan", 41)}, got)
}

func TestAHeaderThatDoesNotFitEndsTheRunWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct {
		text, says string
	}{
		"a missing column":        {"name,years,City\nAda,36,\n", `:1: the header does not fit: there is no column "age"`},
		"a doubled column":        {"\n\nname,age,City,age\nAda,36,,\n", `:3: the header does not fit: there are 2 columns "age"`},
		"another case":            {"Name,age,City\nAda,36,\n", `:1: the header does not fit: there is no column "name"`},
		"a wrong quotation mark":  {"name,a\"ge,City\nAda,36,\n", `:1: parse error on line 1, column 7: bare " in non-quoted`},
		"a quote that never ends": {"name,\"age,City\nAda,36,\n", `:1: record on line 1; parse error on line 2`},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			good, path := file(t, "good.csv", "name,age,City\nAda,36,\n"), file(t, "bad.csv", c.text)
			got, err := collect(t, sources.CSV[person](good, path, good))
			require.Equal(t, []person{named("Ada", 36)}, got)
			var own *vimap.SourceError
			require.ErrorAs(t, err, &own)
			require.ErrorContains(t, err, path+c.says)
			if strings.Contains(c.says, "header") {
				require.ErrorIs(t, err, sources.ErrHeader)
			}
		})
	}
}

func TestABadRowFailsWithItsPlaceAndTheOthersGoOn(t *testing.T) {
	for name, c := range map[string]struct {
		row, says string
		lines     int // of the row
		raw       string
	}{
		"a field that does not fit":    {"x,old,", `cannot unmarshal "old" into Go value of type int: field "age"`, 1, "x,old,"},
		"too few fields":               {"x,1", "wrong number of fields: 2, and the header has 3", 1, "x,1"},
		"too many fields":              {"x,1,,", "wrong number of fields: 4, and the header has 3", 1, "x,1,,"},
		"a bare quotation mark":        {"x\"y,1,", "bare \" in non-quoted-field", 1, ""},
		"something behind a quote":     {"\"x\"y,1,", "extraneous or missing \" in quoted-field", 1, ""},
		"of several lines":             {"\"x\n\r\n\",old,\"a\nb\"", "cannot unmarshal", 4, "\"x\n\n\",old,\"a\nb\""},
		"behind a quote several lines": {"\"x\n\"y,1,", "extraneous or missing \" in quoted-field", 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			text := "name,age,City\nAda,36,\n\n\"Al\nan\",41,\n" + c.row + "\nGrace,85,\nbad,x,\n"
			path := file(t, "people.csv", text)
			for _, p := range []vimap.Pipeline[person, person]{
				sources.CSV[person](path).Ordered(), sources.CSV[person](path).Ordered().InFlight(1),
			} {
				var got []person
				var failed []*vimap.ItemError
				run := p.Start(t.Context())
				for result := range run.Results() {
					if result.Err != nil {
						var item *vimap.ItemError
						require.ErrorAs(t, result.Err, &item)
						failed = append(failed, item)
					} else {
						got = append(got, result.Out)
					}
				}
				require.NoError(t, run.Err())
				require.Equal(t, []person{named("Ada", 36), named("Al\nan", 41), named("Grace", 85)}, got)
				require.Len(t, failed, 2)
				require.Equal(t, "decode", failed[0].Stage)
				require.Equal(t, place(path, 6), failed[0].Place)
				require.ErrorContains(t, failed[0], c.says)
				require.Equal(t, c.raw, fmt.Sprint(failed[0].Input))
				require.Equal(t, place(path, 6+c.lines+1), failed[1].Place)
			}
		})
	}
}

func TestACauseOfABadRowCanBeBranchedOn(t *testing.T) {
	quiet(t)
	_, err := collect(t, sources.CSV[person](file(t, "a.csv", "name,age,City\nAda\n")))
	require.ErrorIs(t, err, csv.ErrFieldCount)
	_, err = collect(t, sources.CSV[person](file(t, "a.csv", "name,age,City\nA\"da,1,\n")))
	require.ErrorIs(t, err, csv.ErrBareQuote)
	_, err = collect(t, sources.CSV[person](file(t, "a.csv", "name,age,City\nAda,x,\n")))
	_, ok := errors.AsType[*csvutil.DecodeError](err)
	require.True(t, ok)
}

func TestAQuoteThatIsNeverClosedTakesTheRestOfTheFile(t *testing.T) {
	quiet(t)
	text := "name,age,City\nAda,36,\n\"Alan,41,\n" + strings.Repeat("x,1,\n", 100)
	path := file(t, "a.csv", text)
	got, err := collect(t, sources.CSV[person](path, file(t, "b.csv", text)))
	require.Equal(t, []person{named("Ada", 36)}, got)
	var item *vimap.ItemError
	require.ErrorAs(t, err, &item)
	require.Equal(t, place(path, 3), item.Place)

	limit := sources.Table{Text: sources.Text{MaxLength: 50}}
	got, err = collect(t, limit.CSV[person](path))
	require.Equal(t, []person{named("Ada", 36)}, got)
	require.ErrorIs(t, err, sources.ErrLineTooLong)
	require.ErrorContains(t, err, place(path, 3)+": line too long: more than 50 bytes")
}

func TestNoMoreOfARecordIsReadThanItTakesToRefuseIt(t *testing.T) {
	quiet(t)
	limit := sources.Table{Text: sources.Text{MaxLength: 50}}
	path := file(t, "a.csv", string(cutOff("name,age,City\nAda,36,\n\"Alan"+strings.Repeat("\n", 1<<20))))
	got, err := collect(t, limit.CSV[person](path))
	require.Equal(t, []person{named("Ada", 36)}, got)
	require.ErrorIs(t, err, sources.ErrLineTooLong)
	require.ErrorContains(t, err, place(path, 3)+": ")
}

func TestPlacesAreRightBehindEmptyLinesAnywhere(t *testing.T) {
	rerun.Once(t)
	quiet(t)
	for rows := 490; rows < 600; rows++ { // the empty line is within what is handed over together, or between
		path := file(t, "a.csv", "name,age,City\n"+strings.Repeat("Ada,36,\n", rows)+"\n"+strings.Repeat("Ada,36,\n", 3)+"bad\n")
		_, err := collect(t, sources.CSV[person](path))
		require.ErrorContains(t, err, place(path, 1+rows+1+3+1)+")")
	}
}

func TestARecordOverTheLimitEndsTheRun(t *testing.T) {
	for name, long := range map[string]string{
		"a little": "abcdef,1234,\n",
		"much":     strings.Repeat("x", 20_000) + ",1,\n",
		"a header": "",
	} {
		t.Run(name, func(t *testing.T) {
			quiet(t)
			limit, rows := 14, 2 // the header, with its newline
			if long == "" {
				limit, rows = 13, 0
			}
			path := file(t, "a.csv", "name,age,City\nAda,36,\nabcdef,12,x\n"+long+"Alan,41,\n")
			if long == "abcdef,1234,\n" {
				limit = 14
				path = file(t, "a.csv", "name,age,City\nAda,36,\nabcdefg,12,xx\nabcdefg,12,xxx\nAlan,41,\n")
			}
			got, err := collect(t, sources.Table{Text: sources.Text{MaxLength: limit}}.CSV[person](path))
			require.ErrorIs(t, err, sources.ErrLineTooLong)
			require.Len(t, got, rows)
			if rows == 0 {
				require.ErrorContains(t, err, place(path, 1)+": ")
			} else {
				require.ErrorContains(t, err, place(path, 4)+": ")
			}
		})
	}
}

func TestAnErrorOfReadingATableHasItsPlaceAfterTheRowsBeforeIt(t *testing.T) {
	rerun.Share(t, 4)
	quiet(t)
	text := "name,age,City\nAda,36,\n\"Al\nan\",41,\n" + strings.Repeat("\"x\"y,1,\nGrace,85,\n", 4)
	for n := len("name,age,City\n"); n < len(text); n++ {
		path := file(t, "a.csv", string(cutOff(text[:n])))
		run := sources.CSV[person](path).Ordered().Start(t.Context())
		var results int
		for range run.Results() {
			results++
		}
		err := run.Err()
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		whole := text[:strings.LastIndex(text[:n], "\n")+1]
		whole = strings.TrimSuffix(whole, "\"Al\n")
		records := strings.Count(strings.ReplaceAll(whole, "Al\n", ""), "\n") - 1
		require.Equal(t, records, results, "%q", text[:n])
		require.ErrorContains(t, err, place(path, strings.Count(whole, "\n")+1)+": ", "%q", text[:n])
	}
}

func TestATableOf100000ColumnsIsRead(t *testing.T) {
	rerun.Once(t)
	quiet(t)
	var head, line strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&head, "c%d,", i)
		fmt.Fprintf(&line, "%d,", i)
	}
	head.WriteString("name,age,City\n")
	line.WriteString("Ada,36,\n")
	path := file(t, "wide.csv", head.String()+strings.Repeat(line.String(), 5)+"1,2\n")
	got, err := collect(t, sources.CSV[person](path))
	require.ErrorContains(t, err, place(path, 7))
	require.ErrorContains(t, err, "2, and the header has 100003")
	require.Equal(t, repeat(named("Ada", 36), 5), got)
}

func TestATruncatedPackedTableGivesItsRowsAndThenItsPlace(t *testing.T) {
	rerun.Share(t, 4)
	quiet(t)
	archive := packed("name,age,City\n"+strings.Repeat("Ada,36,\n", 10_000), func(w io.Writer) (io.WriteCloser, error) { return gzipped(w), nil })
	path := file(t, "a.csv.gz", string(archive[:len(archive)-20]))
	got, err := collect(t, sources.CSV[person](path))
	require.NotEmpty(t, got)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.ErrorContains(t, err, place(path, len(got)+2)+": unpack gzip: ")
}

func TestRowsGoThroughAChain(t *testing.T) {
	quiet(t)
	path := file(t, "a.csv", "name,age,City\nAda,36,\nAlan,41,\n")
	pairs, err := sources.CSV[person](path).Map(func(p person) int { return p.Age }).Ordered().To(t.Context(), sinks.Zip)
	require.NoError(t, err)
	require.Equal(t, []vimap.Pair[person, int]{{In: named("Ada", 36), Out: 36}, {In: named("Alan", 41), Out: 41}}, pairs)
}

func TestARowThatCouldNotBeDecodedIsADeadLetterWithItsText(t *testing.T) {
	quiet(t)
	var letters strings.Builder
	_, err := sources.Table{Comma: ';'}.CSV[person](file(t, "a.csv", "name;age;City\n\"A\nda\";x;Rome\n")).
		DeadLetters(sinks.JSONLinesTo(&letters).DeadLetters).
		To(t.Context(), sinks.Ignore)
	require.NoError(t, err)
	require.Contains(t, letters.String(), `"raw":"\"A\nda\";x;Rome"`)
}
