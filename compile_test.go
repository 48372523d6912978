package vimap_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/rerun"
)

// judgement is what the compiler says of a program.
type judgement struct {
	out string
	err error
}

// compiled compiles each program once for each test binary: what the compiler
// says is the same in every pass of it.
var compiled = struct {
	sync.Mutex
	programs map[string]judgement
}{programs: map[string]judgement{}}

// build compiles one program and returns what the compiler says.
func build(t *testing.T, path string) (string, error) {
	t.Helper()
	compiled.Lock()
	defer compiled.Unlock()
	program, done := compiled.programs[path]
	if !done {
		out, err := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, path).CombinedOutput()
		program = judgement{string(out), err}
		compiled.programs[path] = program
	}
	return program.out, program.err
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
	rerun.Once(t)
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
			var mistakes []string
			for s := range strings.SplitSeq(strings.TrimSpace(out), "\n") {
				if !strings.HasPrefix(s, "#") {
					mistakes = append(mistakes, s)
				}
			}
			require.Len(t, mistakes, 1, "the mistake is the only one: %s", out)
			require.Contains(t, mistakes[0], fmt.Sprintf("%s:%d:", filepath.Base(path), line))
			for _, part := range parts {
				require.Contains(t, mistakes[0], part)
			}
		})
	}
}

func TestTheSameChainsPutRightDoCompile(t *testing.T) {
	rerun.Once(t)
	if testing.Short() {
		t.Skip("compiles a program")
	}
	out, err := build(t, filepath.Join("testdata", "compiles", "chain.go"))
	require.NoError(t, err, out)
}
