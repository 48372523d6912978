// A loop yields outputs, and one error for each.
package main

import "github.com/vimap-go/vimap"

func loop(feed *vimap.Feed[int, string], _ int) error {
	for _, n := range feed.All() {
		// want "cannot use n (variable of type int) as string value"
		feed.Yield(n, nil)
	}
	return nil
}

func main() { _ = vimap.Loop(loop).Each(1) }
