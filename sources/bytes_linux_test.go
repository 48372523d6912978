package sources_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/sources"
)

// setPipeSize is F_SETPIPE_SZ: a pipe with room for one page takes the next one
// only when the one before was read.
const setPipeSize, page = 1031, 4096

func TestBytesOfAPipeUseNoBufferAgainThatIsWorkedOn(t *testing.T) {
	quiet(t)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	_, _, failed := syscall.Syscall(syscall.SYS_FCNTL, w.Fd(), setPipeSize, page)
	require.Zero(t, failed)
	before := os.Stdin
	os.Stdin = r
	defer func() { os.Stdin = before }()

	long := strings.Repeat("x", 4<<16-100) // buffers are whole ones from here on
	text := new(strings.Builder)
	for i := range 4 * page / 8 {
		fmt.Fprintf(text, "%07d\n", i)
	}
	written := make(chan error, 1)
	read := make(chan struct{}) // the third page: two buffers behind the first
	go func() {
		_, err := w.WriteString(long + "\n")
		for at := 0; at < text.Len(); at += page {
			_, further := w.WriteString(text.String()[at : at+page])
			err = errors.Join(err, further)
		}
		close(read)
		written <- errors.Join(err, w.Close())
	}()
	got, err := gathered(context.Background(), sources.Bytes().Map(func(line []byte) string {
		if string(line) == "0000000" {
			<-read
		}
		return string(line)
	}), true)
	require.NoError(t, err)
	require.NoError(t, <-written)
	require.NoError(t, r.Close())
	same(t, split([]byte(long+"\n"+text.String())), got)
}
