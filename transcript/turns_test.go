package transcript

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

// show writes turns as "speaker/role@from-to: text | …".
func show(turns []Turn) string {
	var all []string
	for _, t := range turns {
		s := fmt.Sprintf("%s/%s", t.Speaker, t.Role)
		if t.From != 0 || t.To != 0 {
			s += fmt.Sprintf("@%v-%v", t.From, t.To)
		}
		all = append(all, s+": "+t.Text)
	}
	return strings.Join(all, " | ")
}

func TestTurns(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"Agent: Hi\nCustomer: Yes?\n and more\nAgent:\nBye\n", "Agent/agent: Hi | Customer/customer: Yes?\n and more | Agent/agent: Bye"},
		{"Recorded line.\r\nAgent: Hi\r\nCustomer: Yo\r\n", "/other: Recorded line. | Agent/agent: Hi | Customer/customer: Yo"},
		{"[00:12] Rep - Hello\n[00:15] Client - Hi\n[01:02:03] Rep - well - yes", "Rep/agent@12s-0s: Hello | Client/customer@15s-0s: Hi | Rep/agent@1h2m3s-0s: well - yes"},
		{"00:05 Jane Doe: Hello\n00:09 Bob: Hi", "Jane Doe/other@5s-0s: Hello | Bob/other@9s-0s: Hi"},
		{"Jane Doe (00:05):\nHello\n\nBob O'Neil  1:09\nHi\n", "Jane Doe/other@5s-0s: Hello | Bob O'Neil/other@1m9s-0s: Hi"},
		{"[00:01.500 --> 00:02,25] Speaker 1: a\n[00:03] no name here", "Speaker 1/other@1.5s-0s: a no name here"},
		{"Alice: one\nBob: two\nCarol: three", "Alice/other: one | Bob/other: two | Carol/other: three"},
		{"Agent: see\nNote: this\nhttps://x.y\n10:30 works\nCustomer: ok", "Agent/agent: see\nNote: this\nhttps://x.y\n10:30 works | Customer/customer: ok"},
		{"Agent:Hi\nhttp://x.y\nre:x\nCustomer :Yo", "Agent/agent: Hi\nhttp://x.y\nre:x | Customer/customer: Yo"},
		{"One line. No speakers!", "/other: One line. No speakers!"},
		{"One paragraph.\nStill it.\n \nTwo.", "/other: One paragraph.\nStill it. | /other: Two."},
		{"Dana (Sales Rep): a\nCustomer Support: b\nTeam Lead 2: c", "Dana (Sales Rep)/agent: a | Customer Support/agent: b | Team Lead 2/agent: c"},
		{"客户: 你好\n客户: 再见", "客户/customer: 你好 再见"},
		{"😀 only", "/other: 😀 only"},
	} {
		if got := show(Call{Text: c.text}.Turns()); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.text, got, c.want)
		}
	}
	roles := Roles{"jane doe": Agent, "Note": Customer}
	call := Call{Text: "Jane Doe: a\nelse\nNote: b", Roles: roles}
	if got, want := show(call.Turns()), "Jane Doe/agent: a\nelse | Note/customer: b"; got != want {
		t.Errorf("with roles: got %s, want %s", got, want)
	}
}

func TestRoles(t *testing.T) {
	for name, want := range map[string]Role{"REP": Agent, "Sales Rep 2": Agent, "Lead": Customer, "Sales Lead": Agent, "Dana": Other, "BOB": Customer, "": Other} {
		if got := (Roles{"Bob": Customer}).Of(name); got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
}

func TestTurnsGroupSentences(t *testing.T) {
	sentence := "This is a sentence of fifty bytes, or nearly so.  "
	turns := Call{Text: strings.Repeat(sentence, 20)}.Turns()
	if len(turns) != 3 {
		t.Errorf("%d groups, want 3", len(turns))
	}
	for _, turn := range turns {
		if len(turn.Text) > longestGroup || !strings.HasSuffix(turn.Text, ".") {
			t.Errorf("group of %d bytes: %q", len(turn.Text), turn.Text)
		}
	}
	if turns := (Call{Text: strings.Repeat("word ", 60000)}.Turns()); len(turns) != 1 {
		t.Errorf("%d groups of text without sentences, want 1", len(turns))
	}
}

// Spans of turns are right and in order, and between them are only labels and white space.
func FuzzTurns(f *testing.F) {
	f.Add("Agent: Hi\nCustomer: Yes?\n\n[00:12] Rep - a\n(1:02) x\n 00:01 Speaker 1 : b")
	f.Add("a. b! c? " + strings.Repeat("Long sentence here. ", 50) + "\n\n\nEnd")
	f.Add("Bob (00:05):\n\nBob  0:07\r\nwords\n: x")
	f.Add("[00:01 - 00:02]\n[00:03]")
	f.Add("[100:00:00-0:01]0")
	f.Add("[1.0]pl")
	f.Add("*\v")
	f.Add("1 \n1 \n1 0\n1")
	f.Add("2 Rep: well\n1 that is\n1 Customer: no\n1 it\n1 is: not\n1 so")
	f.Add("05/03/2024, 10:02 - Mara added Tobias\n05/03/2024, 10:04 - Tobias: Hi\n05/03/2024, 10:05 - Mara: <Media omitted>\n[Mara] a [Tobias] b")
	f.Add("1 Agent: a\n2 Customer: b\n[3] Agent: c\n004: Agent: d")
	f.Fuzz(func(t *testing.T, text string) {
		if isSubtitles(text) {
			return
		}
		r := parse(text, nil)
		headed := slices.Contains(r.notes, leftOut) || slices.Contains(r.notes, notices)
		names := make(map[string]bool)
		for _, l := range r.labels {
			names[bareName(l.speaker)] = true
		}
		at, numberless := 0, withoutNumbers(text)
		for _, turn := range (Call{Text: text}).Turns() {
			if turn.Start < at || turn.End <= turn.Start || turn.pieces == nil && turn.Text != text[turn.Start:turn.End] && turn.Text != numberless[turn.Start:turn.End] {
				t.Fatalf("turn %+v after byte %d of %q", turn, at, text)
			}
			if !headed {
				between(t, numberless[at:turn.Start], names)
			}
			if turn.From < 0 || turn.To < 0 || turn.To > 1000*time.Hour {
				t.Errorf("times %v, %v", turn.From, turn.To)
			}
			at = turn.End
		}
		if !headed {
			between(t, numberless[at:], names)
		}
	})
}

// bareName returns a name without the signs around it.
func bareName(s string) string {
	return strings.TrimFunc(s, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
}

// between checks that text left out of all turns has nothing but labels: names, a title or firm below one, or short lines with a
// colon, a bracket or a time.
func between(t *testing.T, gap string, names map[string]bool) {
	above := false // the line above is a name
	for line := range strings.Lines(gap) {
		line = strings.TrimSpace(line)
		bare := bareName(line)
		titled := above
		if above = names[bare]; bare == "" || above || titled {
			continue
		}
		if len(bare) > longestName+60 || !strings.ContainsAny(line, ":])") && !strings.ContainsFunc(bare, unicode.IsSpace) {
			t.Errorf("%q is in no turn", line)
		}
	}
}
