package transcript

import (
	"strings"
	"testing"
)

// Reading and masking take time that grows with the size of the text alone, whatever comes back in it again and again; if
// it did not, this test would take minutes.
func TestLinearTime(t *testing.T) {
	size := 1_000_000
	if testing.Short() {
		size = 100_000
	}
	cue := "WEBVTT\n\n00:01.000 --> 00:02.000\n"
	for _, before := range []string{"", cue, "Agent: a\n", "[Agent] a "} {
		for _, s := range []string{
			" ", "\n", "\t", "a", "a ", "a\n", "A: ", "A: b\n", "Ann: b\nBob: c\n", "<v A>", "<v A>x\n", "<v ", "<", "<b", "&", "&amp;", "{", ">> ", ">>", "&gt;&gt; ",
			"- a\n", "-", "[a] ", "[", "(", "(a)\n", "**a:** ", "**", "00:01 ", "00:01\n", "[00:01] ", "0:0", "1\n", "1\n\n", "1\n00:00:01,000 --> 00:00:02,000\n",
			"00:00:01.000 --> 00:00:02.000\na\n", "00:01.000 --> ", "NOTE\n", "NOTE a\n\n", "\r", "\r\n\r", "{\"spokenText\":\"", "\\", "a: b: ", "Name 0:03\n", "Ann\n", "Ann\n0:03\n",
			"0:03 | Ann\n", "a\tb\n", "Transcribed by https://x\n\n", "　", "é", "\ufeff", "1. ", "# ",
			"| Speaker | Text |\n|---|---|\n", "1 a\n", "Operator\n\na\n\n", "Remarks\n\n", "[Mara] ", "[05.03.24, 10:02] a ", "Ann, ", "Mara | May 5, 2024 at 10:02 AM\n", "1 Ann: a\n", "a: b\n\n",
		} {
			call := Call{Text: before + strings.Repeat(s, size/len(s)) + "Bob: x"}
			call.Turns()
		}
	}
	for _, s := range []string{
		"a.", "a dot ", "one dash ", "Ann, ", "a@", "Flat 1, ", "A-", "12-", "Ann: ", "my name is ", "GB12", "dot-", "dot.", "a-", "a dot b@", "at ", "dot ", "slash ",
		"one ", "double ", "1 ", "12 Mill Lane ", "http://", "www.", "x.com/", "(", "+1 ", "O'", "D'Ann-", "Mr. ", "this is ", "speaking ", "ann speaking ",
	} {
		(Call{Text: strings.Repeat(s, size/len(s))}).Entities()
	}
}
