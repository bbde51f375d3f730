package synth

import (
	_ "embed"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
)

//go:embed phrases.txt
var phraseText string

// phrases are the lists of phrases.txt by name, and the industries in their order there.
var phrases = sync.OnceValue(func() (p struct {
	lists      map[string][]string
	industries []string
}) {
	p.lists = ParseLists(phraseText)
	for line := range strings.Lines(phraseText) {
		if industry, ok := strings.CutPrefix(line, "[product@"); ok {
			p.industries = append(p.industries, strings.TrimSuffix(industry, "]\n"))
		}
	}
	return p
})

// ParseLists reads lists of lines by their names, which stand in brackets above them; blank lines and lines that start
// with # are left out.
func ParseLists(text string) map[string][]string {
	lists := make(map[string][]string)
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			name = strings.Trim(line, "[]")
		default:
			lists[name] = append(lists[name], line)
		}
	}
	return lists
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// list returns the list of a name for the call's industry.
func (w *writer) list(name string) []string {
	lists := phrases().lists
	if l, ok := lists[name+"@"+w.industry]; ok {
		return l
	}
	return lists[name]
}

// draw returns an entry of a list that the call has not had yet, as long as there are any.
func (w *writer) draw(name string) string {
	left := w.left[name]
	if len(left) == 0 {
		left = slices.Clone(w.list(name))
		w.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
	}
	w.left[name] = left[1:]
	return left[0]
}
