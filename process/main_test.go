package process_test

import (
	"os"
	"testing"

	"github.com/vimap-go/vimap/process"
)

func TestMain(m *testing.M) {
	process.Init()
	os.Exit(m.Run())
}
