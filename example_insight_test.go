package vimap_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sources"
)

// described is a chain that the examples describe.
func described() vimap.Pipeline[string, string] {
	send := vimap.Func(func(_ context.Context, word string) (string, error) {
		return strings.ToUpper(word), nil
	}).Named("send").Workers(4).Timeout(5 * time.Second)
	return sources.Slice([]string{"fog", "", "rain"}).
		Filter(func(word string) bool { return word != "" }).Named("not empty").
		Via(send).
		Ordered()
}

func ExamplePipeline_Plan() {
	for _, node := range described().Plan().Nodes {
		fmt.Println(node.Kind, node.Name, node.Workers, node.RunsIn)
	}
	// Output:
	// source slice 0 0
	// filter not empty 0 2
	// stage send 4 2
}

// A pipeline that is printed says what it is.
func ExamplePipeline_Named() {
	fmt.Print(described())
	// Output:
	// source slice
	// filter not empty  in stage send
	// stage send        4 workers, timeout 5s
	// ordered
}

func ExamplePipeline_Mermaid() {
	fmt.Print(described().Mermaid())
	// Output:
	// flowchart LR
	//   n0(["source slice"])
	//   n1["filter not empty"]
	//   n2[["stage send<br/>4 workers<br/>timeout 5s"]]
	//   n3(["sink<br/>ordered"])
	//   n0 --> n1
	//   n1 --> n2
	//   n2 --> n3
}

func ExamplePipeline_DOT() {
	fmt.Print(described().DOT())
	// Output:
	// digraph vimap {
	//   rankdir=LR;
	//   node [shape=box];
	//   n0 [label="source slice", shape=oval];
	//   n1 [label="filter not empty"];
	//   n2 [label="stage send\n4 workers\ntimeout 5s", style=bold];
	//   n3 [label="sink\nordered", shape=oval];
	//   n0 -> n1;
	//   n1 -> n2;
	//   n2 -> n3;
	// }
}

func ExampleRun_Plan() {
	run := described().Start(context.Background())
	fmt.Println(run.Plan().Settings)
	// Output: [ordered]
}

func ExamplePlan_Mermaid() {
	plan := vimap.Plan{Nodes: []vimap.PlanNode{{Kind: vimap.KindSource, Name: `a "quoted" <name>`}}}
	fmt.Print(plan.Mermaid())
	// Output:
	// flowchart LR
	//   n0(["source a #quot;quoted#quot; #lt;name#gt;"])
	//   n1(["sink"])
	//   n0 --> n1
}

func ExamplePlan_DOT() {
	plan := vimap.Plan{Nodes: []vimap.PlanNode{{Kind: vimap.KindSource, Name: `a "quoted" name`}}}
	fmt.Print(plan.DOT())
	// Output:
	// digraph vimap {
	//   rankdir=LR;
	//   node [shape=box];
	//   n0 [label="source a \"quoted\" name", shape=oval];
	//   n1 [label="sink", shape=oval];
	//   n0 -> n1;
	// }
}

// The figures of a run stand in its drawing.
func ExampleStats_Mermaid() {
	run := described().Start(context.Background())
	for range run.Zip() {
	}
	fmt.Println(strings.Contains(run.Stats().Mermaid(), "2 delivered, 0 failed"))
	// Output: true
}

func ExampleStats_DOT() {
	run := described().Start(context.Background())
	for range run.Zip() {
	}
	fmt.Println(strings.Contains(run.Stats().DOT(), `3 read`))
	// Output: true
}

// A run of ten items is too short to say much, but it knows what was slow.
func ExampleStats_Bottleneck() {
	slow := vimap.Func(func(_ context.Context, n int) (int, error) {
		time.Sleep(2 * time.Millisecond)
		return n, nil
	}).Named("slow").Workers(2)
	run := sources.Slice(make([]int, 100)).Via(slow).Start(context.Background())
	for range run.Zip() {
	}
	b := run.Stats().Bottleneck()
	fmt.Println(b.Kind, b.Part)
	// Output: stage slow
}

// The slowest items are named with their inputs only if that was asked for.
func ExamplePipeline_ShowInputs() {
	stage := vimap.Func(func(_ context.Context, word string) (int, error) {
		if word == "slow" {
			time.Sleep(20 * time.Millisecond)
		}
		return len(word), nil
	})
	run := sources.Slice([]string{"quick", "slow", "fast"}).Via(stage).ShowInputs().Start(context.Background())
	for range run.Zip() {
	}
	slowest := run.Stats().Stages[0].Slowest[0]
	fmt.Println(slowest.Index, slowest.Input)
	// Output: 1 slow
}

// Whoever watches a run learns how far it is.
func ExampleEmitter_Total() {
	numbers := vimap.Emit(func(_ context.Context, out *vimap.Emitter[int]) error {
		out.Total(3, "items")
		out.Many([]int{1, 2, 3})
		return nil
	}).Named("numbers")
	run := numbers.Start(context.Background())
	for range run.Zip() {
	}
	source := run.Stats().Source
	fmt.Println(source.Name, source.Position, "of", source.Total, source.Unit)
	// Output: numbers 3 of 3 items
}

func ExampleEmitter_Advance() {
	words := vimap.Emit(func(_ context.Context, out *vimap.Emitter[string]) error {
		text := "fog rain"
		out.Total(int64(len(text)), "bytes")
		for word := range strings.FieldsSeq(text) {
			out.Advance(int64(len(word)))
			if !out.One(word) {
				return nil
			}
		}
		return nil
	})
	run := words.Start(context.Background())
	for range run.Zip() {
	}
	source := run.Stats().Source
	fmt.Println(source.Position, "of", source.Total, source.Unit)
	// Output: 7 of 8 bytes
}

// Programs read the stats as JSON.
func ExampleStats_MarshalJSON() {
	run := described().Start(context.Background())
	for range run.Zip() {
	}
	text, err := json.Marshal(run.Stats())
	if err != nil {
		fmt.Println(err)
		return
	}
	var stats struct {
		Delivered int64   `json:"delivered"`
		Seconds   float64 `json:"elapsed_seconds"`
		Stages    []struct {
			Name string `json:"name"`
			Done int64  `json:"done"`
		} `json:"stages"`
	}
	if err := json.Unmarshal(text, &stats); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(stats.Delivered, stats.Seconds > 0, stats.Stages)
	// Output: 2 true [{send 2}]
}
