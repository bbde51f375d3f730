package transcript

import (
	"slices"
	"strings"
	"testing"
)

func TestSubtitles(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"WEBVTT - a call\n\nNOTE made up\nby hand\n\n1\n00:01.000 --> 00:02.500 align:start\n<v Dana>Hi &amp; <i>welcome</i></v>\n\n" +
			"intro\n00:03.000 --> 00:04.000\n<v.loud Dana>Bye</v>\n\nSTYLE\n::cue {}\n\n00:05.000 --> 01:02:03.000\n<v Bob Lee>Oh\nwell\n",
			"Dana/other@1s-4s: Hi & welcome Bye | Bob Lee/other@5s-1h2m3s: Oh\nwell"},
		{"1\r\n00:00:01,000 --> 00:00:02,000\r\nAGENT: Hello\r\n\r\n2\r\n00:00:02,000 --> 00:00:03,000\r\nand welcome.\r\n\r\n3\r\n" +
			"00:00:04,000 --> 00:00:05,000\r\n- CLIENT: Hi {\\an8}there\r\n- AGENT: Yes?\r\n\r\n",
			"AGENT/agent@1s-3s: Hello and welcome. | CLIENT/customer@4s-5s: Hi there | AGENT/agent@4s-5s: Yes?"},
		{"00:01.000 --> 00:02.000\nno names\n\n00:02.000 --> 00:03.000\nin here.\n\n00:03.000 --> 00:04.000\nNone\n",
			"/other@1s-3s: no names in here. | /other@3s-4s: None"},
		{"WEBVTT\n\n00:01.000 --> 00:02.000\n<i><v Ann>a<v Bo>b</i> < c & d\n", "Ann/other@1s-2s: a | Bo/other@1s-2s: b < c & d"},
		{"WEBVTT\n\n00:01.000 --> 00:02.000\n00:02.000 --> 00:03.000\nx", "/other@2s-3s: x"},
		{"WEBVTT\n\n", "/other: WEBVTT"},
		{"WEBVTT\n\n00:aa --> 00:02.000\nx", "/other: WEBVTT | /other: 00:aa --> 00:02.000\nx"},
	} {
		if got := show(Call{Text: c.text}.Turns()); got != c.want {
			t.Errorf("%q:\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

// A cue whose times are wrong costs a note.
func TestSubtitlesBadTimes(t *testing.T) {
	for text, want := range map[string]string{
		"WEBVTT\n\n00:01.000 --> 00:0x\nHi":                                      "/other@1s-0s: Hi " + unreadCue + " " + noSpeaker,
		"1\n00:00:03,000 --> 00:00:02,000\nHi":                                   "/other@3s-0s: Hi " + backwardCue + " " + noSpeaker,
		"\ufeffWEBVTT\n\n00:01.000 --> 00:02.000\nAgent: a\n\n00:03.000-->\nb\n": "Agent/agent@1s-0s: a b " + unreadCue,
	} {
		calls, err := Collect(Reader{}.Text(ctx, strings.NewReader(text)), nil)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(calls[0].Notes)
		if got := show(calls[0].Turns()) + " " + strings.Join(calls[0].Notes, " "); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	_, err := Collect(Reader{}.Text(ctx, strings.NewReader("WEBVTT\n\nHi")), nil)
	if err == nil || !strings.Contains(err.Error(), "byte 10: it has no cue") {
		t.Errorf("without a cue: error %v", err)
	}
	if _, err := Collect(Reader{}.text(ctx, strings.NewReader("00:0x --> no\nHi"), true), nil); err == nil {
		t.Error("an SRT file without any times is read")
	}
}

// The spans of the turns of subtitles lead to their words.
func FuzzSubtitles(f *testing.F) {
	f.Add("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>a &amp; b<v Bo>c\nD: e\n\n2\n00:03.000 --> 00:04.000\n- Bo: x {\\an8}y\n")
	f.Add("WEBVTT\n\n0:01 --> 0:02\n0:02 --> 0:03\n0:03 --> 0:04\na")
	f.Add("1\n0:01 --> 0:02\na\n\nNOTE b\n\n2\n0:03 --> 0:04\n>> A: b\n&lt;&nbsp;&unknown;<3")
	f.Add("Agent: a\nAgent: b\n[00:01 - 00:02] Agent: c")
	f.Fuzz(func(t *testing.T, text string) {
		at := 0
		for _, turn := range (Call{Text: text}).Turns() {
			if turn.Start < at || turn.End <= turn.Start || turn.End > len(text) || strings.TrimSpace(turn.Text) == "" {
				t.Fatalf("turn %+v after byte %d of %q", turn, at, text)
			}
			at = turn.End
			last := turn.Start
			for i := range len(turn.Text) {
				place := turn.Offset(i)
				if place < last || place >= turn.End {
					t.Fatalf("byte %d of %+v comes from %d", i, turn, place)
				}
				last = place
				if turn.Text[i] != text[place] && !strings.Contains(text, "&") && turn.Text[i] != ' ' {
					t.Fatalf("byte %d of %+v is %q in the call", i, turn, text[place])
				}
			}
		}
	})
}
