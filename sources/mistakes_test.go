package sources_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/sources"
)

func TestAMistakeInTheSourcePanicsWithItsRule(t *testing.T) {
	for rule, mistake := range map[string]func(){
		"sources: Seq: items must not be nil":                            func() { sources.Seq[int](nil) },
		"sources: Seq2: items must not be nil":                           func() { sources.Seq2[int](nil) },
		"sources: Chan: ch must not be nil":                              func() { sources.Chan[int](nil) },
		"sources: Reader: r must not be nil":                             func() { sources.Reader(nil) },
		"sources: Files: patterns must not be empty":                     func() { sources.Files() },
		"sources: Walk: fsys must not be nil":                            func() { sources.Walk(nil) },
		"sources: Lines: MaxLength must not be negative, got -1":         func() { sources.Text{MaxLength: -1}.Lines() },
		"sources: Reader: MaxLength must not be negative, got -2":        func() { sources.Text{MaxLength: -2}.Reader(nil) },
		"sources: Lines: MaxUnpacked must not be negative, got -1":       func() { sources.Text{MaxUnpacked: -1}.Lines() },
		"sources: JSONLines: MaxLength must not be negative, got -3":     func() { sources.Text{MaxLength: -3}.JSONLines[int]() },
		"sources: JSONArray: MaxLength must not be negative, got -4":     func() { sources.Text{MaxLength: -4}.JSONArray[int]() },
		"sources: CSV: MaxUnpacked must not be negative, got -5":         func() { sources.Table{Text: sources.Text{MaxUnpacked: -5}}.CSV[person]() },
		"sources: CSV: T must be a struct with columns, got int":         func() { sources.CSV[int]() },
		"sources: CSV: T must be a struct with columns, got struct {}":   func() { sources.CSV[struct{}]() },
		"sources: CSV: T must be a struct with columns, got []struct {}": func() { sources.CSV[[]struct{}]() },
		"sources: CSV: Comma must not be '\\n'":                          func() { sources.Table{Comma: '\n'}.CSV[person]() },
		"sources: CSV: Comment must not be ','":                          func() { sources.Table{Comment: ','}.CSV[person]() },
		`sources: CSV: Header must fit T: there is no column "age"`:      func() { sources.Table{Header: []string{"name", "City"}}.CSV[person]() },
		`sources: CSV: Header must fit T: there are 2 columns "name"`:    func() { sources.Table{Header: []string{"name", "name"}, Missing: true}.CSV[person]() },
	} {
		t.Run(rule, func(t *testing.T) { require.PanicsWithValue(t, rule, mistake) })
	}
}
