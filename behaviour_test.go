package vimap_test

import (
	"errors"
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// clause is a row of docs/behaviour.md.
type clause struct {
	section, text string
	tests         []string
}

var (
	row  = regexp.MustCompile(`^\| (.*) \| (.*) \|$`)
	code = regexp.MustCompile("`([^`]*)`")
)

// behaviour reads the tables of docs/behaviour.md, and their sections.
func behaviour(t *testing.T) (clauses []clause, sections []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("docs", "behaviour.md"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if section, is := strings.CutPrefix(line, "## "); is {
			sections = append(sections, section)
		}
		cells := row.FindStringSubmatch(line)
		if strings.HasPrefix(line, "|") {
			require.NotNil(t, cells, "not a row of two cells: %s", line)
		}
		if len(cells) == 0 || strings.HasPrefix(cells[2], "---") || cells[2] == "tests" {
			continue
		}
		require.NotEmpty(t, sections, "a row outside a section: %s", line)
		c := clause{section: sections[len(sections)-1], text: cells[1]}
		for _, name := range code.FindAllStringSubmatch(cells[2], -1) {
			c.tests = append(c.tests, name[1])
		}
		clauses = append(clauses, c)
	}
	return clauses, sections
}

func TestEachLineOfBehaviourNamesTestsThatExist(t *testing.T) {
	exists := map[string]bool{}
	for _, s := range repository(t, false) {
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || !s.test || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") {
				continue
			}
			dir := s.dir
			if dir == "." {
				dir = "vimap"
			}
			exists[dir+"."+f.Name.Name] = true
		}
	}
	clauses, sections := behaviour(t)
	require.NotEmpty(t, sections)
	rows := map[string]int{}
	for _, c := range clauses {
		rows[c.section]++
		if len(c.tests) == 0 || strings.TrimSpace(c.text) == "" {
			t.Errorf("docs/behaviour.md: %s: a row is empty: %q", c.section, c.text)
		}
		for _, name := range c.tests {
			if !exists[name] {
				t.Errorf("docs/behaviour.md: %s: there is no %s", c.section, name)
			}
		}
	}
	for _, section := range sections {
		if rows[section] == 0 {
			t.Errorf("docs/behaviour.md: %s is empty", section)
		}
	}
}

func TestEachLineThatMustHoldIsInTheTableOfBehaviour(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "shared", "BEHAVIOUR.md"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the lines are kept outside this repository")
	}
	require.NoError(t, err)
	table := map[string]string{} // the clauses of a section, one after another
	clauses, _ := behaviour(t)
	for _, c := range clauses {
		table[c.section] += c.text + " "
	}
	section, lines := "", 0
	missing := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if name, is := strings.CutPrefix(line, "## "); is {
			section = name
		}
		bullet, is := strings.CutPrefix(line, "- ")
		if !is {
			continue
		}
		lines++
		if !strings.Contains(table[section], bullet+" ") {
			missing[bullet] = true
		}
	}
	require.Greater(t, lines, 30, "the lines are not read")
	for line := range missing {
		t.Errorf("docs/behaviour.md lacks: %s", line)
	}
}
