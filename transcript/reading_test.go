package transcript

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// Turns returns the turns of the source, whatever they hold, and the text has a line for each.
func TestSetTurns(t *testing.T) {
	var c Call
	c.setTurns([]Turn{
		{Speaker: "Doe, Jane\n(he/him) | Acme: 1", Role: Agent, Text: " Note: this\nBob: that ", From: time.Second, To: 2 * time.Second},
		{Speaker: "Doe, Jane (he/him) | Acme: 1", Role: Agent, Text: "[00:12] more", From: 3 * time.Second, To: 4 * time.Second},
		{Text: "WEBVTT"}, {Text: "nobody"}, {Speaker: "Bob", Text: " "}, {Speaker: "customer", Text: "Hi"},
	})
	if want := "Doe, Jane (he/him) | Acme: 1: Note: this\nBob: that [00:12] more\nWEBVTT\nnobody\ncustomer: Hi\n"; c.Text != want {
		t.Errorf("text %q, want %q", c.Text, want)
	}
	turns := c.Turns()
	if got, want := show(turns), "Doe, Jane (he/him) | Acme: 1/agent@1s-4s: Note: this\nBob: that [00:12] more | /other: WEBVTT | /other: nobody | customer/customer: Hi"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, turn := range turns {
		if c.Text[turn.Start:turn.End] != turn.Text || turn.Offset(1) != turn.Start+1 {
			t.Errorf("turn %+v is not in the text where it says", turn)
		}
	}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var again Call
	if err := json.Unmarshal(b, &again); err != nil || !reflect.DeepEqual(again, c) {
		t.Errorf("%s was read as %+v, %v; want %+v", b, again, err, c)
	}
	c.Roles = Roles{"CUSTOMER": Agent}
	if role := c.Turns()[3].Role; role != Agent {
		t.Errorf("the role is %s, want that of the table", role)
	}
	c.Text = "Bob: Changed."
	if got := show(c.Turns()); got != "Bob/other: Changed." {
		t.Errorf("a changed text has the turns %s", got)
	}
	if c.setTurns([]Turn{{Text: "a"}}); !slices.Contains(c.Notes, noSpeaker) {
		t.Errorf("notes %q, want %q", c.Notes, noSpeaker)
	}
}

// A masked call has the turns of the call, masked, wherever they come from.
func TestMaskedTurns(t *testing.T) {
	var composed Call
	composed.setTurns([]Turn{{Speaker: "Jane Doe", Role: Customer, Text: "Mail me:\nNote: jane@example.com", From: 1}, {Speaker: "Rep", Text: "Thanks, Jane."}})
	for _, c := range []struct {
		call Call
		want string
	}{
		{composed, "Customer/customer@1ns-0s: Mail me:\nNote: [EMAIL] | Rep/agent: Thanks, [NAME]."},
		{Call{Text: "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Jane Doe>I'm Jane &amp;\n\n00:02.000 --> 00:03.000\n<v Jane Doe><i>jane@example.com</i></v>\n\n00:03.000 --> 00:04.000\n<v Rep>4111 1111 1111 1111"},
			"Speaker 1/other@1s-3s: I'm [NAME] & [EMAIL] | Rep/agent@3s-4s: [CARD]"},
	} {
		m := c.call.Mask()
		if got := show(m.Call.Turns()); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
		if strings.Contains(m.Call.Text, "Jane") {
			t.Errorf("masked text %q", m.Call.Text)
		}
		for _, turn := range m.Call.Turns() {
			for i := range len(turn.Text) {
				if c := m.Call.Text[turn.Offset(i)]; c != turn.Text[i] && turn.Text[i] != ' ' && c != '&' {
					t.Errorf("byte %d of %q comes from %q", i, turn.Text, c)
				}
			}
		}
	}
}
