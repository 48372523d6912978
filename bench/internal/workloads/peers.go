package workloads

import "slices"

// IsPeer tells whether a module is one that vimap is compared with.
func IsPeer(module string) bool {
	return slices.Contains([]string{
		"golang.org/x/sync",
		"github.com/sourcegraph/conc",
		"github.com/alitto/pond/v2",
		"github.com/panjf2000/ants/v2",
		"github.com/gammazero/workerpool",
		"github.com/samber/lo",
		"github.com/samber/ro",
	}, module)
}
