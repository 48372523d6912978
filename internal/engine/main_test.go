package engine_test

import (
	"testing"

	"github.com/vimap-go/vimap/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
