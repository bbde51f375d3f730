package boost

import (
	"math"
	"slices"
)

// Cuts divide the values of each column into bins by quantiles, found with the weighted quantile sketch of XGBoost
// (Chen and Guestrin 2016, appendix). The sketch is followed in every detail, float32 ranks and order of merging
// included, because splits can only agree with XGBoost's where the cuts do.

// cuts are the bins of one column: bin b has the values below cut[b] and, for b > 0, from cut[b-1] on.
// The bins of a column of categories are the categories.
type cuts struct {
	cut         []float32
	low         float32 // below all values
	categorical bool
	missing     bool // whether some values are
}

// bin is the bin of a value that is not missing.
func (c *cuts) bin(v float32) int {
	if c.categorical {
		return int(v)
	}
	low, size := 0, len(c.cut)
	for size > 1 { // cut[low-1] <= v, and the answer is in low … low+size-1
		half, above := size/2, 0
		if v >= c.cut[low+half-1] {
			above = 1 // times half: three times as fast as a jump that cannot be foreseen
		}
		low += above * half
		size -= half
	}
	return low
}

// newCuts finds the cuts of a column for at most maxBin bins; nil weights are all 1.
func newCuts(column []float32, weight []float32, maxBin int, categorical bool) cuts {
	count := 0
	last := float32(0)
	for _, v := range column {
		if v == v {
			count++
			last = max(last, v)
		}
	}
	c := cuts{categorical: categorical, missing: count < len(column)}
	if categorical {
		for v := range int(last) + 1 {
			c.cut = append(c.cut, float32(v))
		}
		return c
	}
	const edge = 1e-5
	if count == 0 {
		c.low = edge
		c.cut = []float32{edge + (edge + edge)}
		return c
	}
	s := newSketch(count, maxBin)
	for i, v := range column {
		if v != v {
			continue
		}
		if weight == nil {
			s.push(v, 1)
		} else {
			s.push(v, weight[i])
		}
	}
	bins := min(count, maxBin)
	q := s.summary().prune(min(count, maxBin*sketchFactor)).prune(bins + 1)
	if len(q) == 0 { // all weights are 0
		return newCuts(column, nil, maxBin, false)
	}
	first, end := q[0].value, q[len(q)-1].value
	c.low = first - abs32(first) - edge
	for i := 1; i < min(len(q), bins); i++ {
		if v := q[i].value; i == 1 || v > c.cut[len(c.cut)-1] {
			c.cut = append(c.cut, v)
		}
	}
	c.cut = append(c.cut, end+(abs32(end)+edge))
	return c
}

func abs32(v float32) float32 { return float32(math.Abs(float64(v))) }

// sketchFactor is how many times more values than bins a sketch holds.
const sketchFactor = 8

// A ranked value comes with the least and the greatest rank that it may have, and its own weight.
type ranked struct{ low, high, weight, value float32 }

func (q *ranked) lowNext() float32  { return q.low + q.weight }
func (q *ranked) highPrev() float32 { return q.high - q.weight }

// A summary is quantiles of ascending values.
type summary []ranked

// prune is a summary of at most size quantiles.
func (s summary) prune(size int) summary {
	if len(s) <= size {
		return s
	}
	begin := s[0].high
	span, n := s[len(s)-1].low-begin, size-1
	p := make(summary, 1, size+1)
	p[0] = s[0]
	i, last := 1, 0
	for k := 1; k < n; k++ {
		rank2 := 2 * (float32(k)*span/float32(n) + begin)
		for i < len(s)-1 && rank2 >= s[i+1].high+s[i+1].low {
			i++
		}
		if i == len(s)-1 {
			break
		}
		take := i
		if rank2 >= s[i].lowNext()+s[i+1].highPrev() {
			take = i + 1
		}
		if take != last {
			p, last = append(p, s[take]), take
		}
	}
	if last != len(s)-1 {
		p = append(p, s[len(s)-1])
	}
	return p
}

// merge is the summary of what both summarise.
func (s summary) merge(t summary) summary {
	if len(s) == 0 || len(t) == 0 {
		return append(slices.Clone(s), t...)
	}
	m := make(summary, 0, len(s)+len(t))
	var sLow, tLow float32 // ranks already passed in each
	a, b := s, t
	for len(a) > 0 && len(b) > 0 {
		p, q := &a[0], &b[0]
		switch {
		case p.value == q.value:
			m = append(m, ranked{p.low + q.low, p.high + q.high, p.weight + q.weight, p.value})
			sLow, tLow = p.lowNext(), q.lowNext()
			a, b = a[1:], b[1:]
		case p.value < q.value:
			m = append(m, ranked{p.low + tLow, p.high + q.highPrev(), p.weight, p.value})
			sLow, a = p.lowNext(), a[1:]
		default:
			m = append(m, ranked{q.low + sLow, q.high + p.highPrev(), q.weight, q.value})
			tLow, b = q.lowNext(), b[1:]
		}
	}
	for _, p := range a {
		m = append(m, ranked{p.low + tLow, p.high + t[len(t)-1].high, p.weight, p.value})
	}
	for _, q := range b {
		m = append(m, ranked{q.low + sLow, q.high + s[len(s)-1].high, q.weight, q.value})
	}
	m.repair()
	return m
}

// repair restores the order of ranks that rounding may have broken.
func (s summary) repair() {
	var low, high float32
	for i := range s {
		q := &s[i]
		q.low = max(q.low, low)
		low = q.low
		q.high = max(q.high, high, q.lowNext())
		high = q.high
	}
}

// A sketch summarises a stream of weighted values: full queues become summaries, which are merged in pairs.
type sketch struct {
	limit          int
	queue, scratch []uint64 // sort keys of values, and the bits of their weights
	tail           float32  // the value at the end of the queue
	levels         []summary
}

// newSketch makes a sketch for n values.
func newSketch(values, maxBin int) *sketch {
	eps := 1 / (float64(float32(min(values, maxBin))) * sketchFactor)
	s := new(sketch)
	for level := 1; ; level++ {
		s.limit = min(values, int(math.Ceil(float64(level)/eps))+1)
		if s.limit<<level >= values {
			break
		}
	}
	s.queue = make([]uint64, 0, 2*s.limit)
	s.scratch = make([]uint64, 2*s.limit)
	return s
}

// push adds a value.
func (s *sketch) push(v, weight float32) {
	if weight == 0 {
		return
	}
	if n := len(s.queue); n > 0 && s.tail == v {
		last := &s.queue[n-1]
		weight += math.Float32frombits(uint32(*last))
		*last = *last>>32<<32 | uint64(math.Float32bits(weight))
		return
	}
	if len(s.queue) == cap(s.queue) {
		s.rise(s.flush())
	}
	s.queue = append(s.queue, uint64(sortKey(v))<<32|uint64(math.Float32bits(weight)))
	s.tail = v
}

// flush empties the queue into a summary.
func (s *sketch) flush() summary {
	var out summary
	passed := float32(0)
	for _, e := range sortByKey(s.queue, s.scratch[:len(s.queue)]) {
		v, w := sortedValue(uint32(e>>32)), math.Float32frombits(uint32(e))
		if n := len(out); n > 0 && out[n-1].value == v {
			q := &out[n-1]
			q.weight += w
			q.high = q.low + q.weight
			passed = q.high
			continue
		}
		if out == nil {
			out = make(summary, 0, len(s.queue))
		}
		out = append(out, ranked{passed, passed + w, w, v})
		passed += w
	}
	s.queue = s.queue[:0]
	return out
}

// rise merges a summary into the levels, each of which holds twice the values of the one before.
func (s *sketch) rise(t summary) {
	for l := 0; ; l++ {
		if l == len(s.levels) {
			s.levels = append(s.levels, nil)
		}
		if len(s.levels[l]) == 0 {
			s.levels[l] = t.prune(s.limit)
			return
		}
		t = t.prune(s.limit).merge(s.levels[l])
		if len(t) <= s.limit {
			s.levels[l] = t
			return
		}
		s.levels[l] = nil
	}
}

// summary summarises all values.
func (s *sketch) summary() summary {
	all := s.flush().prune(s.limit)
	for _, level := range s.levels {
		all = all.merge(level).prune(s.limit)
	}
	return all
}
