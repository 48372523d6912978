package mutants_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/internal/mutants"
	"github.com/vimap-go/vimap/internal/rerun"
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
func exports(dir string, files *token.FileSet) (types.Importer, error) {
	command := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".", "./sources", "./process") //nolint:noctx // it is done once for all tests
	command.Dir = dir
	out, err := command.Output()
	if err != nil {
		return nil, err
	}
	paths := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, path, _ := strings.Cut(strings.TrimSpace(line), " ")
		paths[name] = path
	}
	return importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) { return os.Open(paths[path]) }), nil
}

// compile applies every mutant and checks its types, once for all passes of the
// tests.
var compile = sync.OnceValue(func() error {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return err
	}
	files := token.NewFileSet()
	imports, err := exports(dir, files)
	if err != nil {
		return err
	}
	for _, m := range mutants.Table {
		if err := check(dir, m, files, imports); err != nil {
			return fmt.Errorf("mutant %q: %w", m.Bug, err)
		}
	}
	return nil
})

func check(dir string, m mutants.Mutant, files *token.FileSet, imports types.Importer) error {
	text, err := m.Apply(dir)
	if err != nil {
		return err
	}
	list, err := filepath.Glob(filepath.Join(dir, filepath.Dir(m.File), "*.go"))
	if err != nil {
		return err
	}
	var parsed []*ast.File
	for _, path := range list {
		var source any
		if built, err := build.Default.MatchFile(filepath.Split(path)); err != nil || !built { // it may be for the race detector
			continue
		}
		switch {
		case strings.HasSuffix(path, "_test.go"):
			continue
		case filepath.Base(path) == filepath.Base(m.File):
			source = text
		}
		file, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		parsed = append(parsed, file)
	}
	_, err = (&types.Config{Importer: imports}).Check(filepath.Dir(m.File), files, parsed, nil)
	return err
}

func TestEveryMutantAppliesAndCompiles(t *testing.T) {
	rerun.Once(t)
	require.NoError(t, compile())
	laws := map[string]bool{}
	for _, m := range mutants.Table {
		number, _, _ := strings.Cut(m.Law, " ")
		laws[number] = true
	}
	require.Len(t, laws, 10, "a mutant for each law")
}

func TestEveryMutantIsKilled(t *testing.T) {
	if !*killed {
		t.Skip("takes some minutes: -killed")
	}
	fmt.Printf("%-15s %-65s %-60s %6s  %s\n", "law", "bug", "killed by", "time", "which said")
	var (
		trials    sync.WaitGroup
		mu        sync.Mutex
		survivors []string                 // said at the end, where they are looked for
		two       = make(chan struct{}, 2) // one is linked while the other runs
	)
	for _, m := range mutants.Table {
		if !strings.Contains(m.Law+" "+m.Bug, *only) {
			continue
		}
		from, dir := root(t), t.TempDir()
		two <- struct{}{}
		trials.Go(func() {
			defer func() { <-two }()
			v, err := m.Try(t.Context(), from, dir)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Printf("%-15s %-65s %-60s %5.1fs  %.100s\n", m.Law, m.Bug, v.By, v.Took.Round(100*time.Millisecond).Seconds(), v.Said)
			if !v.Killed {
				survivors = append(survivors, m.Bug)
			}
		})
	}
	trials.Wait()
	for _, bug := range survivors {
		t.Errorf("no test found that %s", bug)
	}
}
