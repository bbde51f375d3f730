package kernel

// Dropout determines which elements a layer drops during training: each with probability P, the others are scaled
// by 1/(1-P). The choice is a hash of Key and the element's row and column, so that the backward pass finds it
// again without a stored mask and any number of workers makes the same one. P = 0 drops nothing.
type Dropout struct {
	P   float64
	Key uint64
}

// keep returns the factor of the elements that are kept.
func (d Dropout) keep() float64 { return 1 / (1 - d.P) }

// golden is 2³² over the golden ratio: multiples of it are spread evenly.
const golden = 0x9e3779b9

// row returns the stream of choices of one row.
func (d Dropout) row(r int) stream {
	h := d.Key + 0x9e3779b97f4a7c15*uint64(r+1)
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	h ^= h >> 31
	return stream{uint32(h), uint32(h >> 32), uint32(min(d.P*(1<<32), 1<<32-1))}
}

// stream is a row's hash: two rounds of multiply and shift over 32 bits, which vectors do well.
type stream struct{ start, blend, threshold uint32 }

func (s stream) keeps(i uint32) bool {
	h := s.start + i*golden
	h = (h ^ h>>16) * 0x7feb352d
	h = ((h ^ h>>15) + s.blend) * 0x846ca68b
	return h^h>>16 >= s.threshold
}

// Skip returns the choice for rows that are counted from first on: the parts of a batch drop what the whole would.
func (d Dropout) Skip(first int) Dropout {
	d.Key += 0x9e3779b97f4a7c15 * uint64(first)
	return d
}

// Drop sets y = drop(x) row by row over [rows,width]. y may be x. It is also the backward pass.
func Drop[T Float](pool *Pool, rows, width int, x []T, drop Dropout, y []T) {
	be, keep := active[T](), T(drop.keep())
	forRows(pool, rows, func(r int) {
		in, out := x[r*width:][:width], y[r*width:][:width]
		if drop.P > 0 {
			be.dropout(drop.row(r), keep, in, out)
		} else {
			copy(out, in)
		}
	})
}
