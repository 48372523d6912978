package vimap_test

import (
	"bytes"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The rules of docs and STYLE that a program can hold.

const module = "github.com/vimap-go/vimap"

// source is a parsed file of the repository.
type source struct {
	path string // from the root, with slashes
	dir  string // "." for the root
	test bool
	file *ast.File
	text []byte
}

// repository returns the Go files of the module, without testdata and without
// the modules inside it unless nested says so.
func repository(t *testing.T, nested bool) []source {
	t.Helper()
	parsed := parsedRepository()
	require.NoError(t, parsed.err)
	if nested {
		return parsed.all
	}
	return parsed.own
}

// sourceFiles are all files of the repository, and those of the module alone.
type sourceFiles struct {
	all, own []source
	err      error
}

// parsedRepository parses once for each test binary: the files are the same in
// every pass of it.
var parsedRepository = sync.OnceValue(func() (files sourceFiles) {
	var modules []string
	files.err = filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(path, "go.mod")); path != "." && err == nil {
				modules = append(modules, filepath.ToSlash(path)+"/")
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(positions, path, text, parser.ParseComments)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		dir := "."
		if i := strings.LastIndexByte(path, '/'); i >= 0 {
			dir = path[:i]
		}
		s := source{path, dir, strings.HasSuffix(path, "_test.go"), file, text}
		files.all = append(files.all, s)
		if !slices.ContainsFunc(modules, func(module string) bool { return strings.HasPrefix(path, module) }) {
			files.own = append(files.own, s)
		}
		return nil
	})
	return files
})

var positions = token.NewFileSet()

func at(node ast.Node) string { return positions.Position(node.Pos()).String() }

func TestOnlyTheEngineStartsGoroutinesAndMakesChannels(t *testing.T) {
	engine := 0
	for _, s := range repository(t, false) {
		if s.test || strings.HasPrefix(s.dir, "examples") {
			continue
		}
		// Where a goroutine of the caller's meets the run. The test kit stands
		// between the test and the run; what it has run beside the test it starts
		// by sync.WaitGroup, and waits for.
		border := slices.Contains([]string{
			"sources/chan.go", "sinks/chan.go",
			"vimaptest/source.go", "vimaptest/drive.go", "vimaptest/inject.go", "vimaptest/watchdog.go",
		}, s.path)
		ast.Inspect(s.file, func(node ast.Node) bool {
			switch node.(type) {
			case *ast.GoStmt:
				if s.dir == "internal/engine" {
					engine++
				} else {
					t.Errorf("%s: a go statement outside internal/engine", at(node))
				}
			case *ast.ChanType:
				if s.dir != "internal/engine" && !border {
					t.Errorf("%s: a chan outside internal/engine", at(node))
				}
			}
			return true
		})
	}
	require.Positive(t, engine, "the rule looks at the wrong files")
}

func TestImportsGoOneWay(t *testing.T) {
	allowed := map[string][]string{
		".":         {"internal/engine", "retry"},
		"sources":   {"."},
		"sinks":     {"."},
		"retry":     {},
		"vimaptest": {".", "internal/engine"},
		"web":       {".", "retry"},
		"inspect":   {"."},
		// Nothing of the surface says that a run begins and ends.
		"progress":         {".", "internal/engine"},
		"logs":             {"."},
		"expvars":          {"."},
		"internal/engine":  {"retry"},
		"internal/laws":    {".", "retry", "process"},
		"internal/mutants": {},
		"internal/rerun":   {},
		"internal/soak":    {"internal/laws"},
		"internal/testkit": {"."},
		// Its stages are made by the surface; only that a worker has several inputs
		// in hand is between it and the engine.
		"process":             {".", "internal/engine", "retry"},
		"internal/killmatrix": {".", "process", "retry"},
	}
	seen := map[string]bool{}
	for _, s := range repository(t, false) {
		rule, ruled := allowed[s.dir]
		if s.test || !ruled {
			continue
		}
		seen[s.dir] = true
		for _, spec := range s.file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if path == module {
				path = module + "/."
			}
			if dir, ours := strings.CutPrefix(path, module+"/"); ours && !slices.Contains(rule, dir) {
				t.Errorf("%s: %s imports %s", at(spec), s.dir, path)
			}
		}
	}
	require.Len(t, seen, len(allowed), "the rule looks at the wrong files")
}

func TestAFileReadsInOneSitting(t *testing.T) {
	for _, s := range repository(t, true) {
		if lines := bytes.Count(s.text, []byte("\n")); lines > 500 {
			t.Errorf("%s has %d lines, 500 is the most", s.path, lines)
		}
	}
}

// receiver returns the type of a method's receiver, without star and type parameters.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return ""
	}
	for expr := f.Recv.List[0].Type; ; {
		switch x := expr.(type) {
		case *ast.StarExpr:
			expr = x.X
		case *ast.IndexExpr:
			expr = x.X
		case *ast.IndexListExpr:
			expr = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// startsWith allows an article before the name, as the standard library does.
func startsWith(comment *ast.CommentGroup, name string) bool {
	words := strings.Fields(comment.Text())
	if len(words) > 1 && slices.Contains([]string{"A", "An", "The"}, words[0]) {
		words = words[1:]
	}
	return len(words) > 0 && strings.TrimRight(words[0], ",.:;") == name
}

func TestEveryExportedNameHasACommentThatStartsWithIt(t *testing.T) {
	names := 0
	check := func(node ast.Node, comment *ast.CommentGroup, name string) {
		names++
		if !startsWith(comment, name) {
			t.Errorf("%s: the comment of %s does not start with its name", at(node), name)
		}
	}
	for _, s := range repository(t, false) {
		if s.test || strings.HasPrefix(s.dir, "examples") {
			continue
		}
		for _, decl := range s.file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
					check(d, d.Doc, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					checkSpec(d, spec, check)
				}
			}
		}
	}
	require.Greater(t, names, 50, "the rule looks at the wrong files")
}

// checkSpec checks a declared type, or a var or const: in a group a remark
// behind the name will do.
func checkSpec(d *ast.GenDecl, spec ast.Spec, check func(ast.Node, *ast.CommentGroup, string)) {
	own := func(doc *ast.CommentGroup) *ast.CommentGroup {
		if doc == nil && len(d.Specs) == 1 {
			return d.Doc
		}
		return doc
	}
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() {
			check(s, own(s.Doc), s.Name.Name)
		}
	case *ast.ValueSpec:
		if s.Names[0].IsExported() && (s.Comment == nil || len(d.Specs) == 1) {
			check(s, own(s.Doc), s.Names[0].Name)
		}
	}
}

// spoken are the methods that the standard library calls rather than a reader.
var spoken = []string{"Error", "Unwrap", "Is", "As", "String", "GoString", "Format"}

func TestEveryExportedFunctionAndMethodHasAnExampleWithOutput(t *testing.T) {
	want := map[string]map[string]*ast.FuncDecl{}
	tests := map[string][]*ast.File{}
	for _, s := range repository(t, false) {
		switch {
		case s.test:
			tests[s.dir] = append(tests[s.dir], s.file)
		case !strings.HasPrefix(s.dir, "examples") && !strings.HasPrefix(s.dir, "internal"):
			for _, decl := range s.file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || !f.Name.IsExported() || slices.Contains(spoken, f.Name.Name) && f.Recv != nil {
					continue
				}
				name := f.Name.Name
				if f.Recv != nil {
					if !ast.IsExported(receiver(f)) {
						continue
					}
					name = receiver(f) + "_" + name
				}
				if want[s.dir] == nil {
					want[s.dir] = map[string]*ast.FuncDecl{}
				}
				want[s.dir][name] = f
			}
		}
	}
	require.NotEmpty(t, want["."], "the rule looks at the wrong files")
	for dir, functions := range want {
		examples := doc.Examples(tests[dir]...)
		for _, name := range slices.Sorted(maps.Keys(functions)) {
			if !slices.ContainsFunc(examples, func(e *doc.Example) bool {
				return (e.Name == name || strings.HasPrefix(e.Name, name+"_")) && (e.Output != "" || e.EmptyOutput)
			}) {
				t.Errorf("%s: %s has no Example%s with output", at(functions[name]), strings.ReplaceAll(name, "_", "."), name)
			}
		}
	}
}

func TestEveryTestOfARunLooksForWhatItLeavesBehind(t *testing.T) {
	for _, s := range repository(t, false) {
		if !s.test || s.dir != "." && s.dir != "internal/engine" {
			continue
		}
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(f.Name.Name, "Test") || f.Name.Name == "TestMain" {
				continue
			}
			runs, looks := false, false
			ast.Inspect(f, func(node ast.Node) bool {
				if id, ok := node.(*ast.Ident); ok {
					runs = runs || slices.Contains([]string{"To", "Start", "Outcomes", "NewPool"}, id.Name)
					looks = looks || slices.Contains([]string{"Quiet", "Bubble", "LeftSince", "synctest"}, id.Name)
				}
				return true
			})
			if runs && !looks {
				t.Errorf("%s: %s begins neither with testkit.Quiet nor in a bubble", at(f), f.Name.Name)
			}
		}
	}
}
