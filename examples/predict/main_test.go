package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
)

// predict runs the command on an input.
func predict(t *testing.T, input string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, note bytes.Buffer
	env := &cli.Env{Name: "predict", Args: args, Stdin: strings.NewReader(input), Stdout: &out, Stderr: &note}
	return cli.Run(t.Context(), env, run), out.String(), note.String()
}

// models trains a predictor on a small random encoder and saves it.
func models(t *testing.T) string {
	t.Helper()
	calls := transcript.Sample()[:20]
	p, _, err := conversion.Fit(t.Context(), calls,
		&conversion.Options{Model: os.DirFS("../../encoder/testdata/models/mean12"), Folds: 2})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := p.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRun(t *testing.T) {
	dir := models(t)
	calls := transcript.Sample()[20:23]
	for i := range calls {
		calls[i].Outcome = transcript.Unknown
	}
	input, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := predict(t, string(input), "-models", dir, "-by-turn")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	lines := json.NewDecoder(strings.NewReader(stdout))
	for _, c := range calls {
		var p conversion.Prediction
		if err := lines.Decode(&p); err != nil {
			t.Fatal(err)
		}
		turns := len(c.Turns())
		if len(strconv.FormatFloat(p.Probability, 'g', -1, 64)) > len("0.000123456") {
			t.Errorf("the probability %v has more than six digits", p.Probability)
		}
		if p.ID != c.ID || len(p.ByTurn) != turns || math.Abs(p.ByTurn[turns-1]-p.Probability) > 1e-9 || !(p.Probability > 0 && p.Probability < 1) {
			t.Errorf("%s of %d turns: %+v", c.ID, turns, p)
		}
	}
	page := filepath.Join(t.TempDir(), "page.html")
	status, stdout, stderr = predict(t, string(input), "-models", dir, "-html", page, "-keep", "industry")
	html, err := os.ReadFile(page)
	if status != 0 || err != nil || strings.Contains(stdout, "by_turn") {
		t.Errorf("with a page: status %d, error %v, %q: %s", status, err, stdout, stderr)
	}
	for _, want := range []string{"<th>industry</th>", `<details class="call" id="call-3">`, ">" + calls[2].ID + "</a>", ">" + calls[1].Metadata.AgentID + "</a>"} {
		if !bytes.Contains(html, []byte(want)) {
			t.Errorf("the page lacks %s", want)
		}
	}
	status, stdout, stderr = predict(t, "", "-models", dir, "../../transcript/testdata/folder/won")
	if status != 0 || strings.Count(stdout, "probability") < 1 {
		t.Errorf("a directory: status %d, %q: %s", status, stdout, stderr)
	}
	oneBadRecord(t, dir)
	table(t, dir)
}

// oneBadRecord predicts two good calls with a bad record between them.
func oneBadRecord(t *testing.T, dir string) {
	t.Helper()
	const input = `{"id": "a\u001b[2J", "transcript": "Agent: hi\nCustomer: hello", "metadata": {"agent_id": 7, "note": "x"}}
{"id": "b", "transcript": " "}
{"id": "c", "transcript": "Agent: bye", "metadata": {"deal": {"size": 3}}}
`
	page := filepath.Join(t.TempDir(), "page.html")
	predict(t, input, "-models", dir, "-html", page)
	if _, err := os.Stat(page); err == nil {
		t.Error("there is a page of some of the calls, which does not say that it lacks the others")
	}
	file := filepath.Join(t.TempDir(), "rejected.jsonl")
	for _, c := range []struct {
		args   []string
		status int
		ids    []string
		note   string
	}{
		{nil, 1, []string{"a\x1b[2J"}, "record 2"},
		{[]string{"-skip"}, 0, []string{"a\x1b[2J", "c"}, "left out: transcript: standard input: record 2"},
		{[]string{"-rejected", file, "-keep", "agent_id, deal,missing"}, 0, []string{"a\x1b[2J", "c"}, "1 left out with the reasons in " + file},
	} {
		status, stdout, stderr := predict(t, input, append(c.args, "-models", dir)...)
		var ids []string
		var last line
		for text := range strings.Lines(stdout) {
			last = line{}
			if err := json.Unmarshal([]byte(text), &last); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, last.ID)
			if _, err := time.Parse(time.RFC3339, last.Time); err != nil || len(last.Model) != 64 {
				t.Errorf("%v: model %q at %q", c.args, last.Model, last.Time)
			}
		}
		if status != c.status || !slices.Equal(ids, c.ids) || !strings.Contains(stderr, c.note) || strings.Contains(stdout, "\x1b") {
			t.Errorf("%v: status %d, calls %q, said %q", c.args, status, ids, stderr)
		}
		if len(c.args) > 2 && (string(last.Metadata["deal"]) != `{"size":3}` || len(last.Metadata) != 1 || !strings.Contains(stderr, `no call has "missing" in its metadata`)) {
			t.Errorf("kept %s, said %q", last.Metadata, stderr)
		}
	}
	if status, _, stderr := predict(t, "", "-models", dir, "-rejected", file, file); status != 2 || !strings.Contains(stderr, "which is the input") {
		t.Errorf("the input as -rejected: status %d, said %q", status, stderr)
	}
	if b, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(b), `{"file":"standard input","record":2,"byte":`) || strings.Count(string(b), "\n") != 1 {
		t.Errorf("rejected %q, error %v", b, err)
	}
	if status, stdout, stderr := predict(t, `{"transcript": 1}`, "-skip", "-models", dir); status != 1 || stdout != "" || !strings.Contains(stderr, "no record can be used") {
		t.Errorf("no good record: status %d, %q, %q", status, stdout, stderr)
	}
}

// table writes CSV.
func table(t *testing.T, dir string) {
	t.Helper()
	const input = `{"id": "=a, b", "transcript": "Agent: hi\nCustomer: hello there", "metadata": {"agent_id": "Jo\nAnn"}} {"id": "c", "transcript": "Agent: bye"}`
	status, stdout, stderr := predict(t, input, "-models", dir, "-csv", "-by-turn", "-keep", "agent_id")
	rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
	if status != 0 || err != nil || len(rows) != 3 {
		t.Fatalf("status %d, %d rows, error %v: %s", status, len(rows), err, stderr)
	}
	if want := []string{"id", "probability", "log_odds", "won", "warnings", "by_turn", "agent_id", "model", "time"}; !slices.Equal(rows[0], want) {
		t.Errorf("columns %q, want %q", rows[0], want)
	}
	after := strings.Fields(rows[1][5])
	if rows[1][0] != "'=a, b" || rows[1][6] != `Jo\nAnn` || len(after) != 2 || after[1] != rows[1][1] || rows[2][6] != "" || rows[2][4] != "" && !strings.Contains(rows[2][4], "short") {
		t.Errorf("rows %q", rows[1:])
	}
}

func TestRunRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		status int
		stderr string
	}{
		"no flag":           {nil, 2, "-models"},
		"no directory":      {[]string{"-models", "missing"}, 1, "finetune"},
		"another directory": {[]string{"-models", t.TempDir()}, 1, "predictor.json"},
	} {
		if status, _, stderr := predict(t, "", c.args...); status != c.status || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%s: status %d, %q; want %d and a line with %q", name, status, stderr, c.status, c.stderr)
		}
	}
}
