package parallel

import (
	"runtime"
	"sync"
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

// A panic reaches the caller, though another goroutine raised it.
func TestDoPanics(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, processors := range []int{1, 4} {
		runtime.GOMAXPROCS(processors)
		func() {
			defer func() {
				if v := recover(); v != "each" {
					t.Errorf("%d processors: recovered %v", processors, v)
				}
			}()
			var running sync.WaitGroup // so that each goroutine has a task
			running.Add(processors)
			Do(processors, func(int) {
				running.Done()
				running.Wait()
				panic("each")
			})
		}()
	}
}
