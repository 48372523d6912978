package process_test

import (
	"os"
	"strconv"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/vimap-go/vimap/vimaptest"
)

// terminal returns the two ends of a new terminal: that of who types, and that of
// who reads.
func terminal(t *testing.T) (keyboard, screen *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { keyboard.Close() })
	ask := func(request uintptr, value *int32) {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, keyboard.Fd(), request, uintptr(unsafe.Pointer(value))) //nolint:gosec // as ioctl(2) says
		require.Zero(t, errno)
	}
	var number, locked int32
	ask(syscall.TIOCGPTN, &number)
	ask(syscall.TIOCSPTLCK, &locked)
	screen, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { screen.Close() })
	return keyboard, screen
}

func TestCtrlCInATerminalIsForTheParentToDecide(t *testing.T) {
	vimaptest.NoLeaks(t)
	keyboard, screen := terminal(t)
	requireDecides(t, &syscall.SysProcAttr{Setsid: true, Setctty: true}, screen, func(int) error {
		_, err := keyboard.WriteString("\x03")
		return err
	})
}
