package sources_test

import (
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

func ExampleCSV() {
	ctx := context.Background()
	inFolder("users.csv", "age,name,city\n36,Ada,London\nold,Bob,\n41,Alan,Wilmslow\n")
	type user struct {
		Name string `csv:"name"`
		Age  int    `csv:"age"`
	}

	run := sources.CSV[user]("users.csv").Ordered().Start(ctx)
	for result := range run.Results() {
		if result.Err != nil {
			fmt.Println(result.Err)
			continue
		}
		fmt.Println(result.Out)
	}
	fmt.Println(run.Err())
	// Output:
	// {Ada 36}
	// vimap: stage "decode": item 1 (users.csv:3): csvutil: cannot unmarshal "old" into Go value of type int: field "age"
	// {Alan 41}
	// <nil>
}

func ExampleTable_CSV() {
	ctx := context.Background()
	inFolder("users.tsv", "36\tAda\n41\tAlan\n")
	type user struct {
		Name string `csv:"name"`
		Age  int    `csv:"age"`
	}

	bare := sources.Table{Comma: '\t', Header: []string{"age", "name"}}
	users, err := bare.CSV[user]("users.tsv").Ordered().To(ctx, sinks.Collect)
	fmt.Println(users, err)

	_, err = sources.Table{Comma: '\t'}.CSV[user]("users.tsv").To(ctx, sinks.Ignore)
	fmt.Println(err)
	fmt.Println(errors.Is(err, sources.ErrHeader))
	// Output:
	// [{Ada 36} {Alan 41}] <nil>
	// vimap: source: users.tsv:1: the header does not fit: there is no column "name"
	// true
}

func ExampleJSONArray() {
	ctx := context.Background()
	inFolder("users.json", `[{"name":"Ada","age":36}, {"name":"Bob","age":"old"}, {"name":"Alan","age":41}]`)

	run := sources.JSONArray[user]("users.json").Ordered().Start(ctx)
	for result := range run.Results() {
		if item, failed := errors.AsType[*vimap.ItemError](result.Err); failed {
			fmt.Println(item.Place, item.Input)
			continue
		}
		fmt.Println(result.Out)
	}
	fmt.Println(run.Err())
	// Output:
	// {Ada 36}
	// users.json[1] {"name":"Bob","age":"old"}
	// {Alan 41}
	// <nil>
}

func ExampleText_JSONArray() {
	ctx := context.Background()
	inFolder("users.json", `[{"nam":"Ada"}]`)

	strict := sources.Text{JSON: json.RejectUnknownMembers(true), MaxLength: 1 << 20}
	_, err := strict.JSONArray[user]("users.json").To(ctx, sinks.Ignore)
	fmt.Println(errors.Is(err, json.ErrUnknownName))
	// Output: true
}
