package transcript

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The same transcripts are drawn each time, unless the flag gives another seed: a test that fails names what a change broke.
func init() {
	if err := flag.Set("rapid.seed", "1"); err != nil {
		panic(err)
	}
}

// spoken is what the transcripts of the property test say.
type spoken struct {
	speaker string
	words   []string
}

// drawTalk draws a conversation. Its words try to look like labels, times, cues and comments.
func drawTalk(t *rapid.T, names []string) []spoken {
	words := rapid.SampledFrom([]string{
		"hello", "there", "Yes.", "No.", "so", "I", "price:", "note:", "Well:", "10:30", "9:00", "to", "17:00", "3:2", "-->", "[inaudible]",
		"(laughs)", "is:", "Tuesday", "Settings", "->", "12", "40%", "a.m.", "http://x.example/y", "{sic}", "<", "&", "Great!", "really?", "-", "–",
		"10:30 AM Eastern:", "Tobias Okoro 10:30", "Agent (10:30)", "mara@x.com:", "415 555 0123:", "1:", "2:", "term:", "he says:", "Speaker 1, 10:30",
		"Price: 1", "0 minutes 3 seconds", "Okoro @ 10:30", "a;b", "*so*", "_", "**",
		"options:", "Monday:", "[music]", "NOTE", "WEBVTT", "and", "2.", "one:", "Question:", "*", "…", "ok",
	})
	address := make(map[string]bool)
	talk := make([]spoken, rapid.IntRange(6, 12).Draw(t, "turns"))
	for i := range talk {
		talk[i].speaker = names[i%2]
		if i == len(talk)-2 { // somebody who speaks once
			talk[i].speaker = names[2]
		}
		said := append([]string{rapid.SampledFrom([]string{"Hello", "So", "well", "I", "yes", "no,"}).Draw(t, "first")},
			rapid.SliceOfN(words, 0, 12).Draw(t, "words")...)
		talk[i].words = slices.DeleteFunc(said, func(w string) bool { // what comes back could be a speaker's address, number or time
			again := address[w]
			if strings.ContainsAny(w, "@5") || strings.Contains(w, "10:30") {
				address[w] = true
			}
			return again
		})
	}
	return talk
}

// styles write a turn that starts at a second, with its words in lines.
var styles = map[string]func(n int, speaker string, lines []string) string{
	"colon":    func(_ int, s string, l []string) string { return s + ": " + strings.Join(l, "\n") + "\n" },
	"blank":    func(_ int, s string, l []string) string { return s + ": " + strings.Join(l, "\n") + "\n\n" },
	"below":    func(_ int, s string, l []string) string { return s + ":\n" + strings.Join(l, "\n") + "\n\n" },
	"bold":     func(_ int, s string, l []string) string { return "**" + s + ":** " + strings.Join(l, "\n") + "\n\n" },
	"brackets": func(_ int, s string, l []string) string { return "[" + s + "]: " + strings.Join(l, "\n") + "\n" },
	"stamp": func(n int, s string, l []string) string {
		return fmt.Sprintf("[00:%02d:%02d] %s: %s\n", n/60, n%60, s, strings.Join(l, "\n"))
	},
	"header": func(n int, s string, l []string) string {
		return fmt.Sprintf("%s  %d:%02d\n%s\n\n", s, n/60, n%60, strings.Join(l, "\n"))
	},
	"bar": func(n int, s string, l []string) string {
		return fmt.Sprintf("%d:%02d | %s\n%s\n\n", n/60, n%60, s, strings.Join(l, "\n"))
	},
	"italics":     func(_ int, s string, l []string) string { return "*" + s + ":* " + strings.Join(l, "\n") + "\n" },
	"underscores": func(_ int, s string, l []string) string { return "__" + s + "__: " + strings.Join(l, "\n") + "\n" },
	"stamp in bold": func(n int, s string, l []string) string {
		return fmt.Sprintf("**[00:%02d:%02d] %s:** %s\n\n", n/60, n%60, s, strings.Join(l, "\n"))
	},
	"after": func(n int, s string, l []string) string {
		return fmt.Sprintf("%s [00:%02d:%02d] %s\n", s, n/60, n%60, strings.Join(l, "\n"))
	},
	"brackets after": func(n int, s string, l []string) string {
		return fmt.Sprintf("[%s] [00:%02d:%02d] %s\n", s, n/60, n%60, strings.Join(l, "\n"))
	},
	"bars": func(n int, s string, l []string) string {
		return fmt.Sprintf("%02d:%02d | %s | %s\n", n/60, n%60, s, strings.Join(l, "\n"))
	},
	"comma": func(n int, s string, l []string) string {
		return fmt.Sprintf("%s, %02d:%02d: %s\n", s, n/60, n%60, strings.Join(l, "\n"))
	},
	"at": func(n int, s string, l []string) string {
		return fmt.Sprintf("%s @ %02d:%02d\n%s\n\n", s, n/60, n%60, strings.Join(l, "\n"))
	},
	"colon above": func(n int, s string, l []string) string {
		return fmt.Sprintf("%s: %02d:%02d\n%s\n\n", s, n/60, n%60, strings.Join(l, "\n"))
	},
	"words": func(n int, s string, l []string) string {
		return fmt.Sprintf("%s %d minutes %d seconds\n%s\n\n", s, n/60, n%60, strings.Join(l, "\n"))
	},
	"chat": func(n int, s string, l []string) string {
		return fmt.Sprintf("10:%02d:%02d From %s to Everyone:\n%s\n", n/60, n%60, s, strings.Join(l, "\n"))
	},
	"says": func(_ int, s string, l []string) string { return s + " says: " + strings.Join(l, "\n") + "\n" },
	"link": func(n int, s string, l []string) string {
		return fmt.Sprintf("**%s** [00:%02d:%02d](https://x.example/y?t=%d)\n%s\n\n", s, n/60, n%60, n, strings.Join(l, "\n"))
	},
	"titled": func(_ int, s string, l []string) string { return s + " -- Acme\n\n" + strings.Join(l, "\n") + "\n\n" },
	"irc": func(n int, s string, l []string) string {
		return fmt.Sprintf("10:%02d <%s> %s\n", n, s, strings.Join(l, "\n"))
	},
	"table": func(_ int, s string, l []string) string {
		return fmt.Sprintf("| %s | %s |\n", s, strings.Join(l, " "))
	},
	"numbered": func(n int, s string, l []string) string {
		var b strings.Builder
		for i, line := range l {
			if i == 0 {
				line = s + ": " + line
			}
			fmt.Fprintf(&b, " 1    %s\n", line)
		}
		return b.String()
	},
	"behind": func(n int, s string, l []string) string {
		return fmt.Sprintf("%s: [00:%02d:%02d] %s\n\n", s, n/60, n%60, strings.Join(l, "\n"))
	},
	"srt": func(n int, s string, l []string) string {
		return fmt.Sprintf("%d\n00:00:%02d,000 --> 00:00:%02d,500\n%s: %s\n\n", n/3+1, n%60, n%60, s, strings.Join(l, "\n"))
	},
	"tight srt": func(n int, s string, l []string) string {
		return fmt.Sprintf("%d\n00:00:%02d,000 --> 00:00:%02d,500\n%s: %s\n", n/3+1, n%60, n%60, s, strings.Join(l, "\n"))
	},
	"vtt": func(n int, s string, l []string) string {
		return fmt.Sprintf("%d:%02d.1 --> %d:%02d.5\n<v %s>%s</v>\n\n", n/60, n%60, n/60, n%60, s, strings.Join(l, "\n"))
	},
	"sbv": func(n int, s string, l []string) string {
		return fmt.Sprintf("0:00:%02d.100,0:00:%02d.500\n%s: %s\n\n", n%60, n%60, s, strings.Join(l, "\n"))
	},
	"docx": func(n int, s string, l []string) string {
		return fmt.Sprintf("0:0:%d.1 --> 0:0:%d.5\n%s\n%s\n\n", n%60, n%60, s, strings.Join(l, "\n"))
	},
}

// No word of speech vanishes, none comes from a label, a time or a number of a cue, and each has its speaker.
func TestNoWordVanishes(t *testing.T) {
	for style, write := range styles {
		t.Run(style, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				names := rapid.SampledFrom([][]string{
					{"Mara Lindqvist", "Tobias Okoro", "Ines Duarte"}, {"Agent", "Customer", "Supervisor Jones"}, {"Speaker 1", "Speaker 2", "Speaker 3"},
					{"MARA", "TOBIAS", "INES DUARTE"}, {"Dana Reed (Northwind)", "Okoro", "Jo Bloggs (Acme)"},
				}).Draw(t, "names")
				talk := drawTalk(t, names)
				var b strings.Builder
				if style == "vtt" {
					b.WriteString("WEBVTT\n\n")
				}
				if style == "table" {
					b.WriteString("| Speaker | Text |\n|---|---|\n")
				}
				for n, s := range talk {
					b.WriteString(write(3*n, s.speaker, drawLines(t, s.words)))
				}
				text := b.String()
				if ends := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "ends"); ends != "\n" {
					text = strings.ReplaceAll(text, "\n", ends)
				}
				said := make(map[string][]string)
				var all []string
				for _, turn := range (Call{Text: text}).Turns() {
					words := strings.Fields(turn.Text)
					speaker, _, _ := strings.Cut(turn.Speaker, " -- ")
					said[speaker] = append(said[speaker], words...)
					all = append(all, words...)
				}
				var want []string
				wanted := make(map[string][]string)
				for _, s := range talk {
					words := strings.Fields(strings.Join(s.words, " "))
					want = append(want, words...)
					wanted[s.speaker] = append(wanted[s.speaker], words...)
				}
				if !slices.Equal(all, want) {
					t.Fatalf("%q\nsays %q\nwant %q", text, all, want)
				}
				for speaker, words := range wanted {
					if !slices.Equal(said[speaker], words) {
						t.Fatalf("%q\n%s says %q\nwant %q", text, speaker, said[speaker], words)
					}
				}
			})
		})
	}
}

// drawLines wraps words.
func drawLines(t *rapid.T, words []string) []string {
	var lines []string
	for len(words) > 0 {
		n := rapid.IntRange(1, len(words)).Draw(t, "line")
		lines = append(lines, strings.Join(words[:n], " "))
		words = words[n:]
	}
	return lines
}
