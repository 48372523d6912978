package inspect_test

import (
	"bytes"
	"context"
	"image/png"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/inspect"
	"github.com/vimap-go/vimap/internal/rerun"
)

// chromium finds a browser. CI installs one.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("VIMAP_CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("no Chromium found: CI must install one")
	}
	t.Skip("no Chromium found: install it, or set VIMAP_CHROMIUM to its path")
	return ""
}

// browse has a browser without a window load a page, and returns what it says.
func browse(t *testing.T, args ...string) (out, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium(t), append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
		"--enable-logging=stderr", "--user-data-dir=" + t.TempDir(),
	}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second
	require.NoError(t, cmd.Run(), "%s", &stderr)
	return stdout.String(), stderr.String()
}

// turning is a run that has read one more item each time it is looked at.
type turning struct {
	stats vimap.Stats
	looks atomic.Int64
}

func (r *turning) Stats() vimap.Stats {
	s := r.stats
	s.Read = 7000 + r.looks.Add(1)
	s.Elapsed += time.Duration(s.Read) * time.Second
	return s
}

func aRun() *turning {
	return &turning{stats: vimap.Stats{
		Stuck: 1, StuckCalls: []error{&vimap.PanicError{Value: hostile, Stack: []byte(hostile)}},
		Began: time.Now(), Running: true,
		Plan: vimap.Plan{Nodes: []vimap.PlanNode{{Kind: "source", Name: hostile, RunsIn: -1}, {Kind: "stage", Name: hostile, Workers: 1, RunsIn: 1}}},
		Stages: []vimap.StageStats{{
			Name: hostile, Role: vimap.RoleStage, Node: 1, Size: 1,
			Workers: []vimap.WorkerStats{{State: "working", Hand: vimap.Hand{Items: 1, Input: hostile}}},
		}},
	}}
}

func TestABrowserRenewsThePageAndRunsNothingElse(t *testing.T) {
	rerun.Share(t, 8)
	run := aRun()
	server := httptest.NewServer(inspect.Handler(inspect.Run{Name: hostile, Of: run}))
	defer server.Close()
	dom, log := browse(t, "--virtual-time-budget=4500", "--dump-dom", server.URL)
	require.Greater(t, run.looks.Load(), int64(2), "the script does not renew the page")
	require.Regexp(t, "7\u202f00[2-9]", dom, "what it fetched is not shown")
	hasNot(t, dom, "7\u202f001")
	hasNot(t, dom, "<img")
	for _, complaint := range []string{"Content Security Policy", "Refused", "Uncaught", "SyntaxError"} {
		require.NotContains(t, log, complaint)
	}
}

func TestABrowserDrawsThePage(t *testing.T) {
	rerun.Share(t, 8)
	server := httptest.NewServer(inspect.Handler(inspect.Run{Name: "orders", Of: aRun()}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "page.png")
	browse(t, "--window-size=1280,900", "--screenshot="+path, server.URL)
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	picture, err := png.Decode(file)
	require.NoError(t, err)
	colours := map[any]bool{}
	for x := range picture.Bounds().Dx() {
		for y := range picture.Bounds().Dy() {
			colours[picture.At(x, y)] = true
		}
	}
	require.Greater(t, len(colours), 50, "the page is empty")
	require.Equal(t, 1280, picture.Bounds().Dx(), strings.TrimSpace(path))
}
