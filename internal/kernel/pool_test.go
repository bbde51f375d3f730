package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func TestPoolRunsEveryTaskOnce(t *testing.T) {
	for _, procs := range []int{1, 2, 7} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		for _, workers := range []int{1, 2, 5} {
			p := NewPool(workers)
			for tasks := range 40 {
				counts := make([]atomic.Int32, tasks)
				p.Do(tasks, func(worker, task int) {
					if worker < 0 || worker >= workers {
						t.Errorf("worker %d of %d", worker, workers)
					}
					counts[task].Add(1)
				})
				for i := range counts {
					if c := counts[i].Load(); c != 1 {
						t.Fatalf("task %d of %d ran %d times", i, tasks, c)
					}
				}
			}
			p.Close()
			p.Close()
			ran := 0
			p.Do(3, func(worker, _ int) { ran++ })
			if ran != 3 {
				t.Fatalf("%d of 3 tasks after Close", ran)
			}
		}
	}
}

func TestPoolConcurrentAndNested(t *testing.T) {
	p := NewPool(3)
	defer p.Close()
	var total atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 200 {
				p.Do(4, func(_, task int) {
					p.Do(3, func(_, inner int) { total.Add(int64(task*3 + inner)) })
				})
			}
		})
	}
	group.Wait()
	if want := int64(8 * 200 * 66); total.Load() != want {
		t.Fatalf("sum %d, want %d", total.Load(), want)
	}
}

func TestPoolPanic(t *testing.T) {
	p := NewPool(3)
	defer p.Close()
	for range 100 {
		func() {
			defer func() {
				if v := recover(); v != "task" {
					t.Fatalf("recovered %v", v)
				}
			}()
			p.Do(10, func(_, task int) {
				if task == 7 {
					panic("task")
				}
			})
		}()
	}
}

func TestPoolCloseEndsGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		p := NewPool(4)
		p.Do(8, func(_, _ int) {})
		p.Close()
	}
	for range 1_000_000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	t.Fatalf("%d goroutines left over", runtime.NumGoroutine()-before)
}

func BenchmarkPoolDo(b *testing.B) {
	p := NewPool(2)
	defer p.Close()
	b.ReportAllocs()
	for b.Loop() {
		p.Do(2, func(_, _ int) {})
	}
}
