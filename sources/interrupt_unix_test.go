//go:build unix

package sources_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/sources"
)

func TestTheEndOfTheContextInterruptsAReadOfANamedPipe(t *testing.T) {
	quiet(t)
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	w, err := os.OpenFile(path, os.O_RDWR, 0) // opened for both, so as not to wait for the other side
	require.NoError(t, err)
	defer closing(w)
	_, err = w.WriteString("a\n")
	require.NoError(t, err)

	errEnough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	run := sources.Lines(path).Start(ctx)
	for range run.Zip() {
		cancel(errEnough)
	}
	require.ErrorIs(t, run.Err(), errEnough)
}
