package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// In the environment of a process that is to run one column, and say on its
// standard output how much memory it had at most.
const (
	columnVariable = "VIMAP_BENCH_COLUMN"
	itemsVariable  = "VIMAP_BENCH_ITEMS"
)

// peakRounds is how many rounds have the peak memory measured, at most: it
// varies far less than times do.
const peakRounds = 3

// Peak runs a column once in a process of its own and returns how many bytes
// of memory that had at most; 0 where the system does not tell. The memory of
// this process would be that of whichever column had most.
func Peak(w Workload, column string, items int) (uint64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	var out, problem bytes.Buffer
	child := exec.CommandContext(context.Background(), self)
	child.Env = append(os.Environ(), columnVariable+"="+w.Name+"/"+column, itemsVariable+"="+strconv.Itoa(items))
	child.Stdout, child.Stderr = &out, &problem
	if err := child.Run(); err != nil {
		return 0, fmt.Errorf("%s/%s in a process of its own: %w: %s", w.Name, column, err, strings.TrimSpace(problem.String()))
	}
	return strconv.ParseUint(strings.TrimSpace(out.String()), 10, 64)
}

// Child runs the column that [Peak] started this process for, and returns the
// process's exit status; false if it is an ordinary process. It is to be
// called first thing in main, or in TestMain.
func Child(all []Workload) (status int, ok bool) {
	name, ok := os.LookupEnv(columnVariable)
	if !ok {
		return 0, false
	}
	peak, err := alone(all, name)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	fmt.Println(peak)
	return 0, true
}

func alone(all []Workload, name string) (peak uint64, err error) {
	items, err := strconv.Atoi(os.Getenv(itemsVariable))
	if err != nil {
		return 0, err
	}
	for _, w := range all {
		if !strings.HasPrefix(name, w.Name+"/") {
			continue
		}
		job, err := w.Build(items)
		if err != nil {
			return 0, err
		}
		for _, column := range job.Columns {
			if w.Name+"/"+column.Name == name {
				err := Check(w, job, column)
				return peakMemory(), err
			}
		}
	}
	return 0, errors.New("there is no column " + name)
}
