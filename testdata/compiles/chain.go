// What must compile without a single type argument: each of the chains that
// must not compile, put right.
package main

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/vimap-go/vimap"
	"github.com/vimap-go/vimap/sinks"
	"github.com/vimap-go/vimap/sources"
)

type session struct{}

func dial(context.Context, string) (*session, error)           { return &session{}, nil }
func open(context.Context) (*session, error)                   { return &session{}, nil }
func (*session) post(_ context.Context, n int) (string, error) { return strconv.Itoa(n), nil }
func (*session) close() error                                  { return nil }
func shout(_ context.Context, s string) (string, error)        { return s + "!", nil }
func parse(_ context.Context, s string) (int, error)           { return strconv.Atoi(s) }
func many(_ context.Context, ns []int) ([]int, error)          { return ns, nil }
func numbers(context.Context) iter.Seq2[int, error]            { return nil }
func add(sum int, _ string, n int) int                         { return sum + n }
func count(*vimap.Run[int, int]) (int, error)                  { return 0, nil }

func loop(feed *vimap.Feed[int, string], k int) error {
	for _, n := range feed.All() {
		feed.Yield(strconv.Itoa(n+k), nil)
	}
	return nil
}

func main() {
	ctx := context.Background()
	words := sources.Slice([]string{"1 2"}).FlatMap(strings.FieldsSeq).Filter(func(s string) bool { return s != "" })
	_, _ = words.Via(vimap.Func(shout).Then(vimap.Func(shout))).To(ctx, sinks.Collect)
	_, _ = words.Try(strconv.Atoi).Via(vimap.Bulk(10, time.Second, many).KeyBy(func(n int) int { return n })).To(ctx, sinks.Fold(0, add))
	_ = words.Via(vimap.Zip(vimap.Func(parse))).Map(func(p vimap.Pair[string, int]) int { return p.Out })
	_, _ = vimap.From(numbers).To(ctx, count)
	_ = vimap.From(numbers).Via(vimap.OpenWith(dial).Close((*session).close).Do((*session).post).Each("a", "b"))
	_ = vimap.From(numbers).Via(vimap.Open(open).Close((*session).close).Do((*session).post).Workers(3))
	for in, out := range vimap.From(numbers).Via(vimap.Loop(loop).Each(1, 2)).Start(ctx).Zip() {
		_, _ = in, out
	}
}
