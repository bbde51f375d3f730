package encoder

import "sync"

// Cache keeps the embeddings of segments by their text, for [Model.EncodeSegments] and [Model.EncodeDocuments]. It is safe
// for concurrent use, and is emptied when it is used with another model, changed weights or other arithmetic.
type Cache struct {
	mu     sync.Mutex
	origin origin
	rows   map[string]cached
	order  []string // texts in rows, as a ring once it is full
	next   int      // the oldest of them then
	limit  int
}

// origin is what made the embeddings of a cache.
type origin struct {
	model      *Model
	generation uint64 // of its weights
	int8       bool
}

func (r *run) origin() origin { return origin{r.Model, r.Model.generation.Load(), r.int8} }

type cached struct {
	row    []float32
	tokens int
}

// NewCache returns a cache of at most limit embeddings, 16,384 if limit is 0 or less; the oldest is evicted. An embedding
// of all-MiniLM-L6-v2 takes 1.5 KB in addition to its text.
func NewCache(limit int) *Cache {
	if limit <= 0 {
		limit = 1 << 14
	}
	return &Cache{limit: limit}
}

// get copies the embedding of a text and returns its number of tokens, 0 if it is not there. A nil cache is empty.
func (c *Cache) get(from origin, text string, row []float32) (tokens int) {
	if c == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.origin != from {
		return 0
	}
	entry := c.rows[text]
	copy(row, entry.row)
	return entry.tokens
}

// put remembers a copy of the embedding of a text.
func (c *Cache) put(from origin, text string, row []float32, tokens int) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rows == nil || c.origin != from {
		c.origin, c.rows, c.order, c.next = from, map[string]cached{}, nil, 0
	}
	if _, ok := c.rows[text]; ok {
		return
	}
	if len(c.order) < c.limit {
		c.order = append(c.order, text)
	} else {
		delete(c.rows, c.order[c.next])
		c.order[c.next] = text
		c.next = (c.next + 1) % c.limit
	}
	c.rows[text] = cached{append([]float32(nil), row...), tokens}
}
