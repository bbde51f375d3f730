package transcript

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A ConvoKit corpus is a directory of utterances.jsonl, with a turn on each line, and further files, of which
// conversations.json tells of the calls: {"id": {"meta": {…}}}, or of older corpora {"id": {…}}. See
// https://convokit.cornell.edu/documentation/data_format.html.

func isUtterances(name string) bool {
	return strings.TrimSuffix(path.Base(strings.ReplaceAll(name, `\`, "/")), ".gz") == "utterances.jsonl"
}

// isAlongsideUtterances reports whether a file is one of those that belong to a corpus.
func isAlongsideUtterances(fsys fs.FS, name string) bool {
	switch path.Base(name) {
	case "conversations.json", "speakers.json", "users.json", "corpus.json", "index.json":
	default:
		return false
	}
	return slices.ContainsFunc([]string{"utterances.jsonl", "utterances.jsonl.gz"}, func(u string) bool {
		_, err := fs.Stat(fsys, path.Join(path.Dir(name), u))
		return err == nil
	})
}

// describe tells the calls of a corpus what its conversations.json says of them.
func (r *rows) describe() error {
	if r.conversations == nil || len(r.calls) == 0 {
		return nil
	}
	in, err := r.conversations()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	b, err := io.ReadAll(&limited{in, r.maxRecord(), r.tooLarge()})
	if err != nil {
		return err
	}
	var d document
	all, err := d.parse(b)
	if err != nil {
		return &RecordError{File: "conversations.json", Err: err}
	}
	k := newKeys(r.Columns)
	for of := range all.all() {
		j := r.byID[of.key()]
		if j == nil {
			continue
		}
		said := of
		if meta := of.get("meta"); meta.kind() == '{' {
			said = meta
		}
		for m := range said.all() {
			j.tell(m.key(), k.ofCall(m.key()), entry{value: m})
		}
	}
	return nil
}
