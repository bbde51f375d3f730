package mask

import (
	"strings"
	"testing"
)

func TestLuhn(t *testing.T) {
	for digits, want := range map[string]bool{"79927398713": true, "79927398710": false, "4111111111111111": true, "4111111111111112": false, "0": true} {
		if got := Luhn([]byte(digits)); got != want {
			t.Errorf("%s: %v, want %v", digits, got, want)
		}
	}
}

func TestMod97(t *testing.T) {
	for code, want := range map[string]int{"WEST12345698765432GB82": 1, "370400440532013000DE89": 1, "370400440532013000DE88": 0, "96": 96, "97": 0} {
		if got := Mod97(code); got != want {
			t.Errorf("%s: %d, want %d", code, got, want)
		}
	}
}

// found lists entities as "KIND text".
func found(f *Finder) string {
	var all []string
	for _, e := range f.Entities() {
		all = append(all, e.Kind+" "+f.text[e.Start:e.End])
	}
	return strings.Join(all, "|")
}

// What is learnt is found in any case if it is no word, and labels are found where they stand.
func TestLearn(t *testing.T) {
	const text = "Zorvath: zorvath is here. May I, may Zorvath?"
	f := New(text)
	if got := found(f); got != "" {
		t.Errorf("found %s without learning", got)
	}
	f = New(text)
	f.Learn("Zorvath May")
	if got, want := found(f), "NAME Zorvath|NAME zorvath|NAME Zorvath"; got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	f = New("xx: xx yy")
	f.Label("xx", 0, 2)
	if got, want := found(f), "NAME xx"; got != want {
		t.Errorf("found %s, want %s", got, want)
	}
}

func TestIsPersonal(t *testing.T) {
	for id, want := range map[string]bool{
		"Jane Doe": true, "rajesh": true, "jane.doe2": true, "x@y.example": true, "+14155550123": true, "inbound": true,
		"A13": false, "agent_07": false, "7": false, "": false,
	} {
		if got := IsPersonal(id); got != want {
			t.Errorf("%q: %v, want %v", id, got, want)
		}
	}
}

// Entities are in order, inside the text, not empty and apart.
func FuzzEntities(f *testing.F) {
	f.Add("I'm Jane, +1 212 555 0142 or 4111 1111 1111 1111 at 1 Mill Lane, Port x@y.zz www.a.b", "Ann")
	f.Add("GB82 WEST 1234 5698 7654 32 double one two dot com\xff\xfe É.", "É-\xff")
	f.Fuzz(func(t *testing.T, text, name string) {
		finder := New(text)
		finder.Learn(name)
		finder.LearnID(name)
		at := 0
		for _, e := range finder.Entities() {
			if e.Start < at || e.End <= e.Start || e.End > len(text) {
				t.Fatalf("%+v after byte %d of %q", e, at, text)
			}
			at = e.End
		}
	})
}
