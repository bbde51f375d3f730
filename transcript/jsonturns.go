package transcript

import (
	"strconv"
	"strings"
	"time"
)

// turns consumes an array of turns and returns them as text, from which [Call.Turns] gets the same turns.
func (r *record) turns() (text string, roles Roles, err error) {
	var b strings.Builder
	err = r.array(func(n int) error {
		at := r.i
		var t jsonTurn
		if err := r.object(func(key string) error { return t.set(r, key) }); err != nil {
			return err
		}
		said := strings.Join(strings.FieldsFunc(t.text, func(c rune) bool { return c == '\n' || c == '\r' }), " ")
		if isBlank(said) {
			return nil
		}
		line := t.label() + said + "\n"
		if m, ok := findMark(line); !ok || m.speaker != t.speaker || line[m.body:] != " "+said+"\n" {
			return r.fail(at, "turn %d: the speaker %s would not be known in a text; want a name of letters, at most %d bytes", n+1, clip(strconv.Quote(t.speaker)), longestName)
		}
		if role, known := (Roles)(nil).find(t.role); known {
			if roles == nil {
				roles = make(Roles)
			}
			roles[t.speaker] = role
		}
		b.WriteString(line)
		return nil
	})
	return b.String(), roles, err
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
		t.speaker, err = r.plain()
		t.speaker = strings.TrimSpace(t.speaker)
		return err
	case "role":
		t.role, err = r.plain()
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

// label writes what stands before the text, up to the colon. A turn without a speaker is given one called Unknown.
func (t *jsonTurn) label() string {
	if t.speaker == "" {
		t.speaker = strings.TrimSpace(t.role)
	}
	if t.speaker == "" {
		t.speaker = "Unknown"
	} else if t.speaker[0] >= '0' && t.speaker[0] <= '9' {
		t.speaker = "Speaker " + t.speaker
	}
	switch {
	case !t.timed:
		return t.speaker + ": "
	case t.to == 0:
		return "[" + writeClock(t.from) + "] " + t.speaker + ": "
	}
	return "[" + writeClock(t.from) + " - " + writeClock(t.to) + "] " + t.speaker + ": "
}

// writeClock writes a time, to the millisecond, as clock reads it.
func writeClock(d time.Duration) string {
	s := strconv.Itoa(int(d.Hours())) + time.Time{}.Add(d).Format(":04:05.000")
	return strings.TrimSuffix(s, ".000")
}
