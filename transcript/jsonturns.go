package transcript

import (
	"strings"
	"time"
)

// turns consumes an array of turns.
func (r *record) turns() ([]Turn, error) {
	var turns []Turn
	var t jsonTurn
	set := func(key string) error { return t.set(r, key) }
	err := r.array(func(int) error {
		t = jsonTurn{}
		if err := r.object(set); err != nil {
			return err
		}
		turns = append(turns, t.turn())
		return nil
	})
	return turns, err
}

// jsonTurn is a turn as it is read.
type jsonTurn struct {
	text, speaker, role string
	from, to            time.Duration
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

// turn returns what has been read.
func (t *jsonTurn) turn() Turn {
	role, _ := usualRole(t.role)
	speaker := strings.TrimSpace(t.speaker)
	if speaker == "" {
		speaker = strings.TrimSpace(t.role)
	}
	if speaker != "" && speaker[0] >= '0' && speaker[0] <= '9' {
		speaker = "Speaker " + speaker
	}
	return Turn{Speaker: speaker, Role: role, Text: t.text, From: t.from, To: t.to}
}
