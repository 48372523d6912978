package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vimap-go/vimap/bench/internal/chart"
	"github.com/vimap-go/vimap/bench/internal/harness"
)

func result(name string, columns ...string) harness.Result {
	r := harness.Result{Workload: harness.Workload{Name: name, About: "some <work>"}, Items: 10, Columns: columns}
	round := harness.Round{Items: 10, Samples: map[string]harness.Sample{}}
	for i, column := range columns {
		round.Samples[column] = harness.Sample{Wall: time.Duration(i+1) * 150}
	}
	r.Rounds = []harness.Round{round}
	return r
}

func TestEveryColumnOfEveryResultIsInThePicture(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, chart.Write(&out, []harness.Result{
		result("one", "channels", "vimap"),
		result("two", "channels", "limit", "vimap", "vimap inline"),
		result("three", "channels"),
	}))
	var texts []string
	for decoder := xml.NewDecoder(&out); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if text, ok := token.(xml.CharData); ok {
			if text := strings.TrimSpace(string(text)); text != "" {
				texts = append(texts, text)
			}
		}
	}
	for _, want := range []string{
		"one: some <work>", "two: some <work>", "three: some <work>",
		"channels", "limit", "vimap", "vimap inline", "15.0 ns", "30.0 ns", "45.0 ns", "60.0 ns",
	} {
		require.Contains(t, texts, want)
	}
}

func TestNothingIsNoPicture(t *testing.T) {
	t.Parallel()
	require.Error(t, chart.Write(io.Discard, nil))
}
