package process_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/process"
	"github.com/vimap-go/vimap/retry"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

// envScenario has the test binary be a program that a test looks at from
// outside.
const envScenario = "PROCESS_TEST_SCENARIO"

func TestMain(m *testing.M) {
	// Or a child with the race detector takes a second to end.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	scenario := os.Getenv(envScenario)
	if scenario == "no init" {
		_, err := sources.Slice(upTo(3)).Via(double.Children(silent).Restart(retry.Policy{})).To(context.Background(), sinks.Collect)
		fmt.Println(err)
		return
	}
	process.Init()
	switch scenario {
	case "":
		os.Exit(m.Run())
	case "too deep":
		_, err := sources.Slice([]int{1}).Via(nest.Children(silent).Restart(retry.Policy{})).To(context.Background(), sinks.Collect)
		fmt.Println(err)
	case "orphans":
		stage := moody.Children(process.Options{}).Workers(2).Hooks(vimap.Hooks{})
		for result := range sources.Slice([]string{"pid", "pid", "announce", "announce"}).Via(stage).Start(context.Background()).Results() {
			fmt.Println(result.Out, result.Err)
		}
	}
}
