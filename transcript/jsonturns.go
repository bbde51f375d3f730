package transcript

import (
	"strconv"
	"strings"
	"time"
)

// turns consumes an array of turns and returns them as text, from which [Call.Turns] gets the same turns.
func (r *record) turns() (text string, roles Roles, err error) {
	var b strings.Builder
	b.Grow((len(r.b) - r.i) * 3 / 4) // the rest is mostly keys
	var t jsonTurn
	set := func(key string) error { return t.set(r, key) }
	err = r.array(func(n int) error {
		at := r.i
		t = jsonTurn{}
		if err := r.object(set); err != nil {
			return err
		}
		said := oneLine(t.text)
		if isBlank(said) {
			return nil
		}
		start := b.Len()
		t.label(&b)
		b.WriteString(said)
		b.WriteByte('\n')
		line := b.String()[start:]
		if m, ok := findMark(line); !ok || m.speaker != t.speaker || m.body != len(line)-len(said)-2 {
			return r.fail(at, "turn %d: the speaker %s would not be known in a text; want a name of letters, at most %d bytes", n+1, clip(strconv.Quote(t.speaker)), longestName)
		}
		if t.role == "" {
			return nil
		}
		if role, known := (Roles)(nil).find(t.role); known {
			if roles == nil {
				roles = make(Roles)
			}
			roles[t.speaker] = role
		}
		return nil
	})
	if text = b.String(); b.Cap() > 2*len(text) {
		text = strings.Clone(text)
	}
	return text, roles, err
}

// oneLine puts blanks in the place of line breaks.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\n\r") {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, func(c rune) bool { return c == '\n' || c == '\r' }), " ")
}

// jsonTurn is a turn as it is read.
type jsonTurn struct {
	text, speaker, role string
	from, to            time.Duration
	timed               bool
}

// set consumes the value of a key.
func (t *jsonTurn) set(r *record, key string) (err error) {
	at := r.i
	switch key {
	case "text":
		t.text, err = r.string()
		return err
	case "speaker":
		t.speaker, err = r.word()
		t.speaker = strings.TrimSpace(t.speaker)
		return err
	case "role":
		t.role, err = r.word()
		return err
	}
	value, err := r.plain()
	if err != nil || key != "start" && key != "end" || value == "" {
		return err
	}
	d, ok := parseDuration(value)
	if !ok {
		return r.fail(at, "%q is %s; want seconds or a time such as \"1:02:03.5\"", key, clip(value))
	}
	t.timed = true
	if key == "start" {
		t.from = d
	} else {
		t.to = d
	}
	return nil
}

// word consumes a value and returns it as text, a string that comes back often.
func (r *record) word() (string, error) {
	if r.b[r.i] == '"' {
		return r.key()
	}
	return r.plain()
}

// label writes what stands before the text. A turn without a speaker is given one called Unknown.
func (t *jsonTurn) label(b *strings.Builder) {
	if t.speaker == "" {
		t.speaker = strings.TrimSpace(t.role)
	}
	if t.speaker == "" {
		t.speaker = "Unknown"
	} else if t.speaker[0] >= '0' && t.speaker[0] <= '9' {
		t.speaker = "Speaker " + t.speaker
	}
	if t.timed {
		var room [64]byte
		times := appendClock(append(room[:0], '['), t.from)
		if t.to != 0 {
			times = appendClock(append(times, " - "...), t.to)
		}
		b.Write(append(times, "] "...))
	}
	b.WriteString(t.speaker)
	b.WriteString(": ")
}

// appendClock writes a time, to the millisecond, as clock reads it.
func appendClock(b []byte, d time.Duration) []byte {
	two := func(before byte, n time.Duration) { b = append(b, before, byte('0'+n/10), byte('0'+n%10)) }
	b = strconv.AppendInt(b, int64(d/time.Hour), 10)
	two(':', d/time.Minute%60)
	two(':', d/time.Second%60)
	if ms := d / time.Millisecond % 1000; ms != 0 {
		two('.', ms/10)
		b = append(b, byte('0'+ms%10))
	}
	return b
}
