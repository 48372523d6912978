package mutants_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/mutants"
)

var (
	killed = flag.Bool("killed", false, "run the tests against every mutant")
	only   = flag.String("only", "", "of those, the ones whose law or bug has this text")
)

func root(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	return path
}

// exports returns an importer that reads what the go command has compiled.
func exports(t *testing.T, files *token.FileSet) types.Importer {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".")
	command.Dir = root(t)
	out, err := command.Output()
	require.NoError(t, err)
	paths := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		paths[name] = path
	}
	return importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) { return os.Open(paths[path]) })
}

func TestEveryMutantAppliesAndCompiles(t *testing.T) {
	files := token.NewFileSet()
	imports := exports(t, files)
	laws := map[string]bool{}
	for _, m := range mutants.Table {
		number, _, _ := strings.Cut(m.Law, " ")
		laws[number] = true
		text, err := m.Apply(root(t))
		require.NoError(t, err)
		var parsed []*ast.File
		dir := filepath.Join(root(t), filepath.Dir(m.File))
		list, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		for _, path := range list {
			var source any
			switch {
			case strings.HasSuffix(path, "_test.go"):
				continue
			case filepath.Base(path) == filepath.Base(m.File):
				source = text
			}
			file, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
			require.NoError(t, err, m.Bug)
			parsed = append(parsed, file)
		}
		config := types.Config{Importer: imports}
		_, err = config.Check(filepath.Dir(m.File), files, parsed, nil)
		require.NoError(t, err, m.Bug)
	}
	require.Len(t, laws, 10, "a mutant for each law")
}

func TestEveryMutantIsKilled(t *testing.T) {
	if !*killed {
		t.Skip("takes some minutes: -killed")
	}
	fmt.Printf("%-15s %-65s %-60s %6s  %s\n", "law", "bug", "killed by", "time", "which said")
	for _, m := range mutants.Table {
		if !strings.Contains(m.Law+" "+m.Bug, *only) {
			continue
		}
		v, err := m.Try(t.Context(), root(t), t.TempDir())
		require.NoError(t, err)
		fmt.Printf("%-15s %-65s %-60s %5.1fs  %.100s\n", m.Law, m.Bug, v.By, v.Took.Round(100*time.Millisecond).Seconds(), v.Said)
		if !v.Killed {
			t.Errorf("no test found that %s", m.Bug)
		}
	}
}
