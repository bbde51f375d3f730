// Package parallel distributes independent tasks over the processors.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Do calls f once for each task from 0 to tasks-1, on as many goroutines as there are processors, and returns when all
// are done. f must write only what its task owns, so that results do not depend on the number of goroutines. A panic in f is
// raised again in the caller, who may recover from it; tasks that have not begun by then are left out.
func Do(tasks int, f func(task int)) {
	workers := min(runtime.GOMAXPROCS(0), tasks)
	if workers <= 1 {
		for t := range tasks {
			f(t)
		}
		return
	}
	var next atomic.Int64
	var failure atomic.Pointer[any] // the first panic
	work := func() {
		defer func() {
			if v := recover(); v != nil {
				failure.CompareAndSwap(nil, &v)
				next.Store(int64(tasks))
			}
		}()
		for t := int(next.Add(1)) - 1; t < tasks; t = int(next.Add(1)) - 1 {
			f(t)
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	if v := failure.Load(); v != nil {
		panic(*v)
	}
}
