package kernel

// Embed sets row t of y [tokens,width] to word[ids[t]] + tokenType[0] + position[p], with p counted from the start of
// the token's sequence; offsets bound the sequences.
func Embed[T Float](pool *Pool, ids, offsets []int, word, position, tokenType []T, width int, y []T) {
	be := active[T]()
	pool.Do(len(offsets)-1, func(_, s int) {
		for t := offsets[s]; t < offsets[s+1]; t++ {
			row := y[t*width:][:width]
			be.add(word[ids[t]*width:][:width], tokenType[:width], row)
			be.add(row, position[(t-offsets[s])*width:][:width], row)
		}
	})
}

// embedShards is the number of tasks of EmbedBackward: a task owns the tokens and positions of one residue.
const embedShards = 32

// EmbedBackward sets the gradients of the three tables given the gradient of y. A batch meets few of the rows of
// word: dword must be zero but for the rows stale names, those of the previous call on it, and only they and
// the rows of ids are written.
func EmbedBackward[T Float](pool *Pool, ids, offsets []int, dy []T, width int, stale []int, dword, dposition, dtokenType []T) {
	be := active[T]()
	pool.Do(embedShards, func(_, shard int) {
		for _, id := range stale {
			if id%embedShards == shard {
				clear(dword[id*width:][:width])
			}
		}
		for t, id := range ids {
			if id%embedShards == shard {
				row := dword[id*width:][:width]
				be.add(row, dy[t*width:][:width], row)
			}
		}
		for p := shard; p < len(dposition)/width; p += embedShards {
			row := dposition[p*width:][:width]
			clear(row)
			for s := range len(offsets) - 1 {
				if t := offsets[s] + p; t < offsets[s+1] {
					be.add(row, dy[t*width:][:width], row)
				}
			}
		}
	})
	clear(dtokenType[width:])
	ColumnSums(pool, len(ids), dy, width, dtokenType[:width])
}
