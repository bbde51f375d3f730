package transcript

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// expectation is what testdata/cases/README.md says of a file.
type expectation struct {
	Calls   []wantCall
	Error   string
	OrError string `json:"or_error"`
	Each    bool
	Head    bool
}

type wantCall struct {
	ID       *string
	Label    json.RawMessage
	Text     *string
	Turns    []wantTurn
	Metadata map[string]any
}

type wantTurn struct {
	Speaker    *string
	Accept     []string
	Role       string
	Text       string
	Start, End *float64
}

func TestCases(t *testing.T) {
	const dir = "testdata/cases"
	b, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]expectation
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			err := want.check(filepath.Join(dir, name))
			switch listed := slices.Contains(failingTables, name); {
			case err != nil && !listed:
				t.Error(err)
			case err == nil && listed:
				t.Error("the case passes; take it off the list")
			}
		})
	}
}

// check reads a file and returns an error where it is not what is expected.
func (want expectation) check(file string) error {
	var calls []Call
	var reported strings.Builder
	failed := false
	for c, err := range ReadFile(ctx, file) {
		if err != nil {
			failed = true
			fmt.Fprintln(&reported, err)
			continue
		}
		calls = append(calls, c)
		fmt.Fprintln(&reported, strings.Join(c.Notes, "\n"))
	}
	says := func(words string) bool {
		for word := range strings.FieldsSeq(words) {
			if !strings.Contains(strings.ToLower(reported.String()), strings.ToLower(word)) {
				return false
			}
		}
		return words != ""
	}
	if says(want.OrError) {
		return nil
	}
	if want.Error != "" && !says(want.Error) {
		return fmt.Errorf("reported is %q, want %q", &reported, want.Error)
	}
	if failed && want.Error == "" {
		return fmt.Errorf("errors %q", &reported)
	}
	if want.Calls == nil {
		return nil
	}
	if len(calls) != len(want.Calls) {
		return fmt.Errorf("%d calls, want %d; reported is %q", len(calls), len(want.Calls), &reported)
	}
	for i, c := range calls {
		if err := want.Calls[i].check(c, want.Each, want.Head); err != nil {
			return fmt.Errorf("call %d: %w", i+1, err)
		}
	}
	return nil
}

func (want wantCall) check(c Call, each, head bool) error {
	if want.ID != nil && c.ID != *want.ID {
		return fmt.Errorf("ID %q, want %q", c.ID, *want.ID)
	}
	label := map[Outcome]string{Unknown: "null", Lost: "0", Won: "1"}[c.Outcome]
	if want.Label != nil && label != string(want.Label) {
		return fmt.Errorf("label %s, want %s", label, want.Label)
	}
	if want.Text != nil && oneBlank(c.Text) != oneBlank(*want.Text) {
		return fmt.Errorf("text %q, want %q", c.Text, *want.Text)
	}
	for key, value := range want.Metadata {
		if err := c.Metadata.check(key, value); err != nil {
			return err
		}
	}
	if want.Turns == nil {
		return nil
	}
	got, wanted := c.Turns(), want.Turns
	if !each {
		got, wanted = joinTurns(got), joinWanted(wanted)
	}
	if head && len(got) == len(wanted)+1 && nameOf(got[0].Speaker) == "" {
		got = got[1:]
	}
	if len(got) != len(wanted) {
		return fmt.Errorf("turns %s, want %d", show(got), len(wanted))
	}
	for i, w := range wanted {
		if err := w.check(got[i]); err != nil {
			return fmt.Errorf("turn %d, %+v: %w", i+1, got[i], err)
		}
	}
	return nil
}

func (m Metadata) check(key string, want any) error {
	switch want := want.(type) {
	case nil:
		if got := m.Value(key); got != "" && got != "0" {
			return fmt.Errorf("%s is %s, want nothing", key, got)
		}
	case float64:
		got := m.Value(key)
		if key == "duration" {
			got = fmt.Sprint(m.Duration.Seconds())
		}
		if v, err := strconv.ParseFloat(got, 64); err != nil || math.Abs(v-want) > 0.05 {
			return fmt.Errorf("%s is %q, want %v", key, got, want)
		}
	case string:
		if at, err := time.Parse(time.RFC3339Nano, want); err == nil {
			if !m.CallTime.Equal(at) {
				return fmt.Errorf("%s is %v, want %v", key, m.CallTime, at)
			}
		} else if got := m.Value(key); got != want {
			return fmt.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	return nil
}

func (want wantTurn) check(got Turn) error {
	if want.Speaker != nil {
		spellings := append([]string{*want.Speaker}, want.Accept...)
		if !slices.ContainsFunc(spellings, func(s string) bool { return nameOf(s) == nameOf(got.Speaker) }) {
			return fmt.Errorf("want the speaker %q", *want.Speaker)
		}
	}
	if want.Role != "" && got.Role.String() != want.Role {
		return fmt.Errorf("the role is %s, want %s", got.Role, want.Role)
	}
	if oneBlank(got.Text) != oneBlank(want.Text) {
		return fmt.Errorf("want the text %q", want.Text)
	}
	for _, x := range []struct {
		want *float64
		got  time.Duration
	}{{want.Start, got.From}, {want.End, got.To}} {
		if x.want != nil && math.Abs(x.got.Seconds()-*x.want) > 0.05 {
			return fmt.Errorf("times %v to %v, want %v", got.From, got.To, *x.want)
		}
	}
	return nil
}

func oneBlank(s string) string { return strings.Join(strings.Fields(s), " ") }

var beforeName = regexp.MustCompile(`^(speaker|channel|spk|ch)[ _-]*(\d.*|[a-z]$|$)`)

// nameOf returns a name as it is compared.
func nameOf(s string) string {
	s = strings.ToLower(oneBlank(s))
	if m := beforeName.FindStringSubmatch(s); m != nil {
		s = m[2]
	}
	if s == "unknown" {
		return ""
	}
	return s
}

func joinTurns(turns []Turn) (joined []Turn) {
	for _, t := range turns {
		if n := len(joined) - 1; n >= 0 && nameOf(joined[n].Speaker) == nameOf(t.Speaker) {
			joined[n].Text += " " + t.Text
			joined[n].To = t.To
		} else {
			joined = append(joined, t)
		}
	}
	return joined
}

func joinWanted(turns []wantTurn) (joined []wantTurn) {
	for _, t := range turns {
		n := len(joined) - 1
		same := n >= 0 && (joined[n].Speaker == nil) == (t.Speaker == nil) && joined[n].Role == t.Role
		if same && t.Speaker != nil {
			same = nameOf(*joined[n].Speaker) == nameOf(*t.Speaker)
		}
		if same {
			joined[n].Text += " " + t.Text
			joined[n].End = t.End
		} else {
			joined = append(joined, t)
		}
	}
	return joined
}
