package parallel

import (
	"runtime"
	"testing"
)

func TestDoRunsEachTaskOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, processors := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(processors)
		for _, tasks := range []int{0, 1, 5, 1000} {
			runs := make([]int, tasks)
			Do(tasks, func(task int) { runs[task]++ })
			for task, n := range runs {
				if n != 1 {
					t.Fatalf("%d processors: task %d of %d ran %d times", processors, task, tasks, n)
				}
			}
		}
	}
}
