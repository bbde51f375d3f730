package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// spins is how often an idle worker yields before it parks: about half a millisecond, long enough to meet the next kernel
// of the same model even where one thread alone has something to do between, as waking a parked worker takes about 100 µs.
const spins = 4000

// closed is the value of Pool.gate while no call is open to the workers.
const closed = -1

// Pool is a set of goroutines that share the tasks of one call at a time.
//
// A nil *Pool is valid and runs everything in the caller. A Pool is safe for concurrent use: while one Do
// occupies the workers, any other (nested ones too) runs in its caller alone.
type Pool struct {
	workers int

	mu      sync.Mutex // held by the Do that occupies the workers
	run     func(worker, task int)
	tasks   int64
	next    atomic.Int64        // the next task to hand out
	gate    atomic.Int32        // workers inside the open call, or closed
	failure atomic.Pointer[any] // the first panic of a task

	epoch  atomic.Uint32 // counts calls: a change is the signal that idle workers watch
	parked atomic.Int32
	wake   chan struct{}
	ended  atomic.Bool
}

// NewPool starts a pool of the given number of workers, the caller of Do being one of them; 0 means GOMAXPROCS.
// Close frees its goroutines.
func NewPool(workers int) *Pool {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	p := &Pool{workers: workers, wake: make(chan struct{}, workers)}
	p.gate.Store(closed)
	for id := 1; id < workers; id++ {
		go p.serve(id)
	}
	return p
}

// Workers returns the number of workers, 1 for a nil pool.
func (p *Pool) Workers() int {
	if p == nil {
		return 1
	}
	return p.workers
}

// Close ends the goroutines once they are idle. Do keeps working after it, in its caller alone.
func (p *Pool) Close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended.Swap(true) {
		p.epoch.Add(1)
		close(p.wake)
	}
}

// Do calls f once for every task in [0, tasks) and returns when all calls have. Tasks are handed out in order
// to whichever worker is free, so f must write only what its task owns; worker distinguishes the calls that
// run at the same time, and is below Workers. A panic in f is raised again here, after the other tasks have ended.
func (p *Pool) Do(tasks int, f func(worker, task int)) {
	if p == nil || p.workers == 1 || tasks <= 1 || p.ended.Load() || !p.mu.TryLock() {
		for task := range tasks {
			f(0, task)
		}
		return
	}
	defer p.mu.Unlock()
	p.run, p.tasks = f, int64(tasks)
	p.next.Store(0)
	p.gate.Store(0)
	p.signal()
	p.work(0)
	for !p.gate.CompareAndSwap(0, closed) {
		runtime.Gosched()
	}
	p.run = nil
	if v := p.failure.Swap(nil); v != nil {
		panic(*v)
	}
}

// signal tells the workers of a new call, and wakes those that are parked.
func (p *Pool) signal() {
	p.epoch.Add(1)
	if p.ended.Load() {
		return
	}
	for range p.parked.Load() {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// work runs tasks of the open call until none are left.
func (p *Pool) work(id int) {
	defer func() {
		if v := recover(); v != nil {
			first := v // a copy, so that v itself need not be allocated
			p.failure.CompareAndSwap(nil, &first)
			p.next.Store(p.tasks)
		}
	}()
	for {
		task := p.next.Add(1) - 1
		if task >= p.tasks {
			return
		}
		p.run(id, int(task))
	}
}

// serve is the life of one worker. It enters a call only while the gate is open, so a call that is over before
// a parked worker wakes does not wait for it.
func (p *Pool) serve(id int) {
	for seen := uint32(0); !p.ended.Load(); {
		seen = p.await(seen)
		if p.enter() {
			p.work(id)
			p.gate.Add(-1)
		}
	}
}

func (p *Pool) enter() bool {
	for {
		inside := p.gate.Load()
		if inside == closed {
			return false
		}
		if p.gate.CompareAndSwap(inside, inside+1) {
			return true
		}
	}
}

// await returns the epoch once it differs from seen. It may also return early, with seen.
func (p *Pool) await(seen uint32) uint32 {
	for range spins {
		if e := p.epoch.Load(); e != seen {
			return e
		}
		runtime.Gosched()
	}
	p.parked.Add(1)
	if p.epoch.Load() == seen {
		<-p.wake
	}
	p.parked.Add(-1)
	return p.epoch.Load()
}
