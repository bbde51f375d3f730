package boost

import "github.com/org/salesconv/internal/parallel"

// bins are the columns of the training rows as numbers of bins, eight columns (or four, with more than 256 numbers or where no more
// are left) packed in each word of 64 bits, so that one word and one Gradient are loaded for eight additions to histograms.
type bins struct {
	rows   int
	cuts   []cuts // of each column
	blocks []binBlock
	size   int // of a histogram of all blocks
}

// A binBlock is neighbouring columns. In a histogram, column k of a block has the sums of its bins from
// offset + k<<shift on, and after them the sum of the rows where it is missing.
type binBlock struct {
	first, count int // columns
	wide         bool
	shift        uint
	offset       int
	words        []uint64 // by row
}

const (
	narrowLanes, wideLanes = 8, 4
	narrowShift            = 8
	MaxBins                = 1<<16 - 1 // so that a missing value has a number too
)

// lanes is the number of columns that a word of the block has room for.
func (b *binBlock) lanes() int {
	if b.wide {
		return wideLanes
	}
	return narrowLanes
}

// code is the number of the bin of the block's column k in a row.
func (b *binBlock) code(row uint32, k int) int {
	if b.wide {
		return int(b.words[row] >> (16 * k) & 0xffff)
	}
	return int(b.words[row] >> (8 * k) & 0xff)
}

// of is the part that belongs to the block of a histogram with the given number of words in each bin.
func (b *binBlock) of(histogram []int64, words int) []int64 {
	return histogram[b.offset*words : (b.offset+b.lanes()<<b.shift)*words]
}

// column is the part of the block's histogram that belongs to its column k.
func (b *binBlock) column(h []int64, k, words int) []int64 {
	return h[k<<b.shift*words : (k+1)<<b.shift*words]
}

// newBins cuts the columns into bins.
func newBins(columns [][]float32, weight []float32, maxBin int, categorical []bool) *bins {
	b := &bins{rows: len(columns[0]), cuts: make([]cuts, len(columns))}
	parallel.Do(len(columns), func(j int) {
		b.cuts[j] = newCuts(columns[j], weight, maxBin, categorical != nil && categorical[j])
	})
	for j := 0; j < len(columns); {
		block := binBlock{first: j, count: min(narrowLanes, len(columns)-j), shift: narrowShift}
		if block.count <= wideLanes || b.codes(block) > 1<<narrowShift {
			block.count, block.wide = min(wideLanes, block.count), true
			for b.codes(block) > 1<<block.shift {
				block.shift++
			}
		}
		block.offset = b.size
		b.size += block.lanes() << block.shift
		b.blocks = append(b.blocks, block)
		j += block.count
	}
	parallel.Do(len(b.blocks), func(k int) { b.fill(&b.blocks[k], columns) })
	return b
}

// codes is the largest number of codes that a column of the block needs, one for missing values included.
func (b *bins) codes(block binBlock) int {
	most := 0
	for _, c := range b.cuts[block.first : block.first+block.count] {
		n := len(c.cut)
		if c.missing {
			n++
		}
		most = max(most, n)
	}
	return most
}

// fill writes the words of a block.
func (b *bins) fill(block *binBlock, columns [][]float32) {
	block.words = make([]uint64, b.rows)
	width := 64 / block.lanes()
	for k := range block.count {
		c := &b.cuts[block.first+k]
		for i, v := range columns[block.first+k] {
			code := len(c.cut)
			if v == v {
				code = c.bin(v)
			}
			block.words[i] |= uint64(code) << (k * width)
		}
	}
}

// locate is the block of a column and its place there.
func (b *bins) locate(column int) (block *binBlock, k int) {
	i := column / narrowLanes // all blocks before it are at most that wide
	for b.blocks[i].first+b.blocks[i].count <= column {
		i++
	}
	return &b.blocks[i], column - b.blocks[i].first
}

// addPacked adds packed gradients of rows to the block's part of a histogram.
func (b *binBlock) addPacked(h []int64, rows []uint32, gradients []int64) {
	gradients = gradients[:len(rows)]
	if b.wide {
		for i, r := range rows {
			w, g := b.words[r], gradients[i]
			h[w&0xffff] += g
			h[1<<b.shift+(w>>16&0xffff)] += g
			h[2<<b.shift+(w>>32&0xffff)] += g
			h[3<<b.shift+(w>>48)] += g
		}
		return
	}
	sum, words := (*[narrowLanes << narrowShift]int64)(h), b.words
	for i, r := range rows {
		w, g := words[r], gradients[i]
		sum[w&0xff] += g
		sum[0x100+(w>>8&0xff)] += g
		sum[0x200+(w>>16&0xff)] += g
		sum[0x300+(w>>24&0xff)] += g
		sum[0x400+(w>>32&0xff)] += g
		sum[0x500+(w>>40&0xff)] += g
		sum[0x600+(w>>48&0xff)] += g
		sum[0x700+(w>>56)] += g
	}
}

// addFull is addPacked for full gradients.
func (b *binBlock) addFull(h []int64, rows []uint32, gradients []whole) {
	gradients = gradients[:len(rows)]
	if b.wide {
		column := 2 << b.shift
		h0, h1, h2, h3 := h[:column], h[column:][:column], h[2*column:][:column], h[3*column:][:column]
		for i, r := range rows {
			w, g := b.words[r], gradients[i]
			a0 := 2 * (w >> 0 & 0xffff)
			h0[a0] += g.grad
			h0[a0+1] += g.hess
			a1 := 2 * (w >> 16 & 0xffff)
			h1[a1] += g.grad
			h1[a1+1] += g.hess
			a2 := 2 * (w >> 32 & 0xffff)
			h2[a2] += g.grad
			h2[a2+1] += g.hess
			a3 := 2 * (w >> 48)
			h3[a3] += g.grad
			h3[a3+1] += g.hess
		}
		return
	}
	sum, words := (*[fullWords * narrowLanes << narrowShift]int64)(h), b.words
	for i, r := range rows { // a loop over the lanes takes three times as long
		w, g := words[r], gradients[i]
		a0 := 0x000 + 2*(w>>0&0xff)
		sum[a0] += g.grad
		sum[a0+1] += g.hess
		a1 := 0x200 + 2*(w>>8&0xff)
		sum[a1] += g.grad
		sum[a1+1] += g.hess
		a2 := 0x400 + 2*(w>>16&0xff)
		sum[a2] += g.grad
		sum[a2+1] += g.hess
		a3 := 0x600 + 2*(w>>24&0xff)
		sum[a3] += g.grad
		sum[a3+1] += g.hess
		a4 := 0x800 + 2*(w>>32&0xff)
		sum[a4] += g.grad
		sum[a4+1] += g.hess
		a5 := 0xa00 + 2*(w>>40&0xff)
		sum[a5] += g.grad
		sum[a5+1] += g.hess
		a6 := 0xc00 + 2*(w>>48&0xff)
		sum[a6] += g.grad
		sum[a6+1] += g.hess
		a7 := 0xe00 + 2*(w>>56&0xff)
		sum[a7] += g.grad
		sum[a7+1] += g.hess
	}
}
