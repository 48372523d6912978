package vimap_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// build compiles one program and returns what the compiler says.
func build(t *testing.T, path string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, path).CombinedOutput()
	return string(out), err
}

var quoted = regexp.MustCompile(`"[^"]*"`)

// wanted returns the line of a program that must not compile, and what the
// compiler must say of it: the comment above it is // want "this" "and this".
func wanted(t *testing.T, path string) (line int, parts []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for i, s := range strings.Split(string(text), "\n") {
		if _, want, found := strings.Cut(s, "// want "); found {
			for _, part := range quoted.FindAllString(want, -1) {
				parts = append(parts, strings.Trim(part, `"`))
			}
			return i + 2, parts
		}
	}
	t.Fatalf("%s does not say what the compiler must say", path)
	return 0, nil
}

func TestChainsThatMustNotCompileDoNot(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles some twenty programs")
	}
	programs, err := filepath.Glob(filepath.Join("testdata", "compilefail", "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, programs)
	for _, path := range programs {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".go"), func(t *testing.T) {
			line, parts := wanted(t, path)
			out, err := build(t, path)
			require.Error(t, err, "it compiles")
			var said []string
			for s := range strings.SplitSeq(strings.TrimSpace(out), "\n") {
				if !strings.HasPrefix(s, "#") {
					said = append(said, s)
				}
			}
			require.Len(t, said, 1, "the mistake is the only one: %s", out)
			require.Contains(t, said[0], fmt.Sprintf("%s:%d:", filepath.Base(path), line))
			for _, part := range parts {
				require.Contains(t, said[0], part)
			}
		})
	}
}

func TestTheSameChainsPutRightDoCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a program")
	}
	out, err := build(t, filepath.Join("testdata", "compiles", "chain.go"))
	require.NoError(t, err, out)
}
