package transcript

import "slices"

// joinPages makes one call of those of a list that share an ID, or of pages, which have none.
func joinPages(results []result, pages bool) []result {
	if len(results) < 2 {
		return results
	}
	whole := results[0]
	for _, next := range results[1:] {
		if whole.err != nil || next.err != nil || whole.call.ID != next.call.ID || whole.call.ID == "" && !pages || !whole.call.join(&next.call) {
			return results
		}
	}
	return []result{whole}
}

// join adds what the next page has of a call, and reports whether it can be one.
func (c *Call) join(next *Call) bool {
	if c.Text == next.Text || c.Outcome != next.Outcome && next.Outcome != Unknown && c.Outcome != Unknown {
		return false
	}
	turns, more := c.said(), next.said()
	if last := turns[len(turns)-1].From; last > 0 && more[0].From < last && slices.ContainsFunc(more, func(t Turn) bool { return t.From > 0 }) {
		c.Notes = append(c.Notes, "the times of pages do not follow each other; those after the first page are left out")
		for i := range more {
			more[i].From, more[i].To = 0, 0
		}
	}
	c.Notes = slices.DeleteFunc(append(c.Notes, next.Notes...), func(note string) bool { return note == noSpeaker })
	slices.Sort(c.Notes)
	c.Notes = slices.Compact(c.Notes)
	c.setTurns(append(turns, more...))
	if c.Outcome == Unknown {
		c.Outcome = next.Outcome
	}
	return true
}

// said returns the turns that the source has, or the text as one.
func (c *Call) said() []Turn {
	if c.reading == nil {
		return []Turn{{Text: c.Text}}
	}
	return slices.Clone(c.reading.turns)
}
