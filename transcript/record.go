package transcript

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// call reads a record, the bytes b. Keys that stand beside the metadata are taken for metadata.
func (r *record) call(b []byte) (Call, error) {
	r.b, r.i = b, 0
	if i := invalidUTF8(b); i >= 0 {
		return Call{}, &fault{i, notUTF8(b[i])}
	}
	var c Call
	var beside []func() error
	textAt := -1
	err := r.object(func(key string) (err error) {
		at := r.i
		switch key {
		case "id":
			c.ID, err = r.plain()
		case "transcript", "turns":
			if textAt >= 0 {
				return r.fail(at, `both "transcript" and "turns" are there; keep one`)
			}
			if textAt = at; r.i < len(b) && b[r.i] == '[' {
				var turns []Turn
				turns, err = r.turns()
				c.setTurns(turns)
			} else {
				c.Text, err = r.string()
			}
		case "label":
			c.Outcome, err = r.label()
		case "metadata":
			c.Metadata, err = r.metadata()
		default:
			var raw json.RawMessage
			raw, err = r.raw()
			beside = append(beside, func() error {
				if c.Metadata.has(key) {
					return r.fail(at, "%q stands in the metadata and beside it; keep one", key)
				}
				c.Metadata.set(key, raw)
				return nil
			})
		}
		return err
	})
	if err != nil {
		return Call{}, err
	}
	if err := r.checkCall(&c, textAt); err != nil {
		return Call{}, err
	}
	for _, add := range beside {
		if err := add(); err != nil {
			return Call{}, err
		}
	}
	for _, key := range []string{"call_id", "id"} {
		if c.ID == "" {
			c.ID = c.Metadata.Value(key)
		}
	}
	return c, nil
}

// checkCall checks what has been read; textAt is where the transcript stands, -1 if there is none.
func (r *record) checkCall(c *Call, textAt int) error {
	if r.space(); r.i < len(r.b) {
		return r.fail(r.i, "want nothing behind the record, found %s", r.found())
	}
	if textAt < 0 {
		return r.fail(0, `the record has no "transcript"; want the call's text there`)
	}
	if err := checkText(c.Text); err != nil {
		return r.fail(textAt, "the transcript %v", err)
	}
	return nil
}

func notUTF8(c byte) string {
	return fmt.Sprintf("the byte 0x%02x is not UTF-8; convert the file to UTF-8 (it may be Windows-1252, Latin-1 or UTF-16)", c)
}

// checkText says what is wrong with the text of a call.
func checkText(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("is empty; want what was said")
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return fmt.Errorf("holds a NUL (its byte %d), so it is not text; remove it", i)
	}
	return nil
}

// plain consumes a value and returns it as text.
func (r *record) plain() (string, error) {
	raw, err := r.raw()
	return plain(raw), err
}

// label consumes a label.
func (r *record) label() (Outcome, error) {
	at := r.i
	raw, err := r.raw()
	if err != nil {
		return Unknown, err
	}
	o, ok := parseOutcome(string(raw))
	if !ok {
		return o, r.fail(at, badLabel, clip(string(raw)))
	}
	return o, nil
}

const badLabel = "the label is %s; want 0 (lost) or 1 (won), or no label where it is unknown"

func parseOutcome(label string) (o Outcome, ok bool) {
	switch label {
	case "0", "0.0":
		return Lost, true
	case "1", "1.0":
		return Won, true
	case "null", "":
		return Unknown, true
	}
	return Unknown, false
}

// metadata consumes the metadata, an object or null.
func (r *record) metadata() (Metadata, error) {
	var m Metadata
	if bytes.HasPrefix(r.b[r.i:], []byte("null")) {
		_, err := r.raw()
		return m, err
	}
	err := r.object(func(key string) error {
		raw, err := r.raw()
		if err == nil {
			m.set(key, raw)
		}
		return err
	})
	return m, err
}
