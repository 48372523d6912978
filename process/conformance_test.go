package process_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/internal/rerun"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/vimaptest"
)

func isDouble(n, out int) error {
	if out != 2*n {
		return fmt.Errorf("want %d", 2*n)
	}
	return nil
}

func equal[T comparable](a, b T) bool { return a == b }

func TestChildrenKeepThePromisesOfEveryStage(t *testing.T) {
	vimaptest.NoLeaks(t)
	recycled, spares := silent, silent
	recycled.Recycle, recycled.Spares = 7, 1
	spares.Spares = 2
	one := silent
	one.InFlight = 1
	for name, stage := range map[string]vimap.Stage[int, int]{
		"goroutines":         double.Goroutines().Workers(3),
		"a child":            double.Children(silent),
		"children":           double.Children(silent).Workers(3),
		"one in flight":      double.Children(one).Workers(2),
		"recycled":           double.Children(recycled).Workers(2),
		"spares":             double.Children(spares).Workers(2),
		"keys":               double.Children(silent).Workers(2).KeyBy(func(n int) int { return n % 3 }),
		"time limit":         double.Children(silent).Workers(2).Timeout(time.Minute).OpenTimeout(time.Minute).CloseTimeout(time.Minute),
		"retry, hooks":       double.Children(silent).Retry(retry.Fixed(0)).Hooks(vimap.Hooks{ItemDone: func(vimap.ItemEvent) {}}),
		"two stages in line": same.Children(silent).Then(double.Children(silent)),
	} {
		t.Run(name, func(t *testing.T) {
			rerun.Share(t, 12)
			items := 50
			if name == "recycled" {
				items = 20 // each child has 7
			}
			vimaptest.Suite(stage, 3, 1, 4).Items(items).Same(equal).Right(isDouble).Run(t)
		})
	}
	t.Run("a loop", func(t *testing.T) {
		rerun.Share(t, 12)
		vimaptest.Suite(adder.Children(silent).Each(1, 1), 3, 1, 4).Same(equal).Run(t)
	})
	t.Run("a program", func(t *testing.T) {
		rerun.Share(t, 12)
		needs(t, "cat")
		vimaptest.Suite(process.Command("cat").With(silent).Lines().Workers(2), "a", "b").Same(equal).Run(t)
	})
	t.Run("a program for each", func(t *testing.T) {
		rerun.Share(t, 12)
		needs(t, "cat")
		vimaptest.Suite(process.Command("cat").With(silent).Once().Workers(2), []byte("a"), []byte("b")).Items(10).Run(t)
	})
	t.Run("crashes", func(t *testing.T) {
		rerun.Share(t, 12)
		vimaptest.Suite(moody.Children(silent).Workers(2), "a", "exit 3", "b", "lost", "c", "d").MayFail().Items(12).Run(t)
	})
}
