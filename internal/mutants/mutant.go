package mutants

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Mutant is a planted bug.
type Mutant struct {
	Law    string // that it breaks
	Bug    string // in words
	File   string // of the library, from its root
	Old    string // stands once in File
	New    string
	Killer string // the tests that find it where the random programs can't, as -run has them
	In     string // the package of these; "": the root
}

// Apply returns the text of the changed file; root is where the library is.
func (m Mutant) Apply(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, m.File))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), m.Old); n != 1 {
		return "", fmt.Errorf("mutant %q: %q stands %d times in %s, once is wanted", m.Bug, m.Old, n, m.File)
	}
	return strings.Replace(string(text), m.Old, m.New, 1), nil
}

// Overlay writes to dir what -overlay needs, and returns its path.
func (m Mutant) Overlay(root, dir string) (string, error) {
	text, err := m.Apply(root)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, filepath.Base(m.File))
	if err := os.WriteFile(changed, []byte(text), 0o600); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, m.File): changed}})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, list, 0o600)
}

// Verdict is what became of a mutant.
type Verdict struct {
	Killed bool
	By     string // the test that found it
	Said   string // the first line of what it said
	Took   time.Duration
}

// Try runs the tests against the mutant: the random programs, or its Killer.
func (m Mutant) Try(ctx context.Context, root, dir string) (Verdict, error) {
	overlay, err := m.Overlay(root, dir)
	if err != nil {
		return Verdict{}, err
	}
	arguments := []string{"test", "-overlay", overlay, "-timeout=5m", "-count=1", "-failfast", "-vet=off"}
	if m.Killer == "" {
		arguments = append(arguments, "./internal/laws", "-run=^TestARandomProgramKeepsEveryPromise$", "-programs=2000") // most are found by a few
	} else {
		arguments = append(arguments, cmp.Or(m.In, "."), "-run="+m.Killer)
	}
	began := time.Now()
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = root
	out, err := command.CombinedOutput()
	v := Verdict{Took: time.Since(began)}
	if err == nil {
		return v, nil
	}
	v.By, v.Said = read(string(out))
	v.Killed = v.By != ""
	if !v.Killed { // it did not compile, or the like
		return v, fmt.Errorf("mutant %q: %w: %s", m.Bug, err, out)
	}
	return v, nil
}

// read finds in the output of go test which test failed and what it said.
func read(out string) (test, said string) {
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		switch name, failed := strings.CutPrefix(line, "--- FAIL: "); {
		case failed:
			test, _, _ = strings.Cut(name, " ")
		case strings.HasPrefix(line, "panic: ") && test == "":
			return "the process", line
		case strings.HasPrefix(line, "Error:"), test != "" && said == "" && strings.Contains(line, "_test.go:"):
			if _, text, found := strings.Cut(line, ": "); found {
				said = text
			}
		}
	}
	return test, said
}
