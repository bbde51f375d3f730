package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/store"
	"github.com/org/salesconv/examples/internal/store/storetest"
	"github.com/org/salesconv/transcript"
)

// The test starts itself again as the command.
func TestMain(m *testing.M) {
	if os.Getenv("RETRAIN_COMMAND") != "" {
		cli.Main(run)
	}
	os.Exit(m.Run())
}

func command(t *testing.T, args ...string) (status int, out, log string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	env := &cli.Env{Name: "retrain", Args: args, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr}
	return cli.Run(t.Context(), env, run), stdout.String(), stderr.String()
}

// record is a short call, so that training takes a moment: its last words show the outcome with the probability agreement.
func record(r *rand.Rand, day int, agreement float64) string {
	won := r.IntN(2)
	said := won
	if r.Float64() > agreement {
		said = 1 - won
	}
	end := []string{"that is too expensive for us", "great, send me the contract"}[said]
	more := []string{"good morning", "how are you", "about the offer", "as I said", "last week"}
	call := map[string]any{
		"id": fmt.Sprintf("day-%03d-%016x", day, r.Uint64()), "label": won,
		"transcript": fmt.Sprintf("Agent: %s, %s.\nCustomer: %s.", more[r.IntN(5)], more[r.IntN(5)], end),
		"metadata":   map[string]any{"call_time": time.Date(2026, 1, 1+day, 9, 0, 0, 0, time.UTC).Format(time.RFC3339), "agent_id": fmt.Sprint("A", r.IntN(12))},
	}
	b, _ := json.Marshal(call)
	return string(b) + "\n"
}

// setup writes calls and a version that serves, trained on calls whose words say nothing.
type setup struct {
	dir, db, data string
	*rand.Rand
	serving string
}

func newSetup(t *testing.T) *setup {
	t.Helper()
	dir := t.TempDir()
	s := &setup{dir: filepath.Join(dir, "out"), db: storetest.New(t), data: filepath.Join(dir, "calls.jsonl"), Rand: rand.New(rand.NewPCG(1, 2))}
	var old strings.Builder
	for day := range 40 {
		old.WriteString(record(s.Rand, day, 0.5))
	}
	calls, err := transcript.Collect(transcript.Read(t.Context(), strings.NewReader(old.String())), nil)
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := conversion.Fit(t.Context(), calls, &conversion.Options{Frozen: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Save(filepath.Join(s.dir, "models")); err != nil {
		t.Fatal(err)
	}
	s.serving = p.Version()
	return s
}

// calls appends calls of some days to the file.
func (s *setup) calls(t *testing.T, from, to int, agreement float64) {
	t.Helper()
	f, err := os.OpenFile(s.data, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for day := from; day < to; day++ {
		for range 2 {
			if _, err := f.WriteString(record(s.Rand, day, agreement)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func (s *setup) args(more ...string) []string {
	return append([]string{"-models", s.dir, "-log", s.db}, more...)
}

// run runs the command, which has to succeed, and returns the decision.
func (s *setup) run(t *testing.T, args ...string) line {
	t.Helper()
	status, out, log := command(t, s.args(args...)...)
	var d line
	if err := json.Unmarshal([]byte(out), &d); status != 0 || err != nil {
		t.Fatalf("%v: status %d, %q, %s", args, status, out, log)
	}
	return d
}

// serves returns the version that serves, which has to be whole.
func (s *setup) serves(t *testing.T) string {
	t.Helper()
	p, err := conversion.Load(os.DirFS(s.dir))
	if err != nil {
		t.Fatal(err)
	}
	return p.Version()
}

func (s *setup) journal(t *testing.T) (actions string) {
	t.Helper()
	db, err := store.Open(t.Context(), s.db)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for d, err := range db.Decisions(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		actions += d.Action + " "
	}
	return strings.TrimSpace(actions)
}

// TestRetrain goes through the life of a predictor: promoted, trained again, rolled back, and not promoted again.
func TestRetrain(t *testing.T) {
	s := newSetup(t)
	s.calls(t, 40, 100, 0.95)
	first := s.run(t, "-data", s.data, "-frozen")
	if first.Action != promoted || first.Serving != s.serving || s.serves(t) != first.Candidate {
		t.Fatalf("%+v; %s serves", first, s.serves(t))
	}
	if again := s.run(t, "-data", s.data, "-frozen"); again.Action != kept || again.Reason != "the candidate is the version that serves" {
		t.Errorf("%+v", again)
	}
	// The calls held out have to be later than what the serving version was trained on.
	s.calls(t, 100, 104, 0.95)
	if few := s.run(t, "-data", s.data, "-frozen", "-seed", "2"); few.Action != promoted && few.Action != kept {
		t.Errorf("%+v", few)
	}
	for s.serves(t) != first.Candidate {
		s.run(t, "-rollback")
	}
	if back := s.run(t, "-rollback"); back.Action != rolledBack || back.Candidate != s.serving || s.serves(t) != s.serving {
		t.Errorf("%+v; %s serves", back, s.serves(t))
	}
	if status, _, log := command(t, s.args("-rollback")...); status != 1 || !strings.Contains(log, "there is none to go back to") || s.serves(t) != s.serving {
		t.Errorf("status %d, %s", status, log)
	}
	if err := os.Remove(s.data); err != nil {
		t.Fatal(err)
	}
	s.Rand = rand.New(rand.NewPCG(1, 2))
	for range 40 { // what newSetup drew
		record(s.Rand, 0, 0.5)
	}
	s.calls(t, 40, 100, 0.95)
	if d := s.run(t, "-data", s.data, "-frozen"); d.Action != kept || !strings.Contains(d.Reason, "was rolled back before") || s.serves(t) != s.serving {
		t.Errorf("%+v; %s serves", d, s.serves(t))
	}
	if got := s.journal(t); !strings.HasPrefix(got, "promote keep ") || !strings.HasSuffix(got, "rollback keep") {
		t.Errorf("journal: %s", got)
	}
}

// TestWorse: a candidate that learned what no longer holds is not promoted.
func TestWorse(t *testing.T) {
	s := newSetup(t)
	s.calls(t, 40, 100, 0.95)
	s.calls(t, 100, 120, 0.05) // the latest quarter says the opposite
	if d := s.run(t, "-data", s.data, "-frozen"); d.Action != kept || !strings.HasPrefix(d.Reason, "there is no evidence") || s.serves(t) != s.serving {
		t.Errorf("%+v; %s serves", d, s.serves(t))
	}
}

// TestStoreKnowsBetter: labels of the store go before those of the file.
func TestStoreKnowsBetter(t *testing.T) {
	s := newSetup(t)
	s.calls(t, 40, 100, 0.05) // as the file has them, labels are the wrong way round for the calls from day 85 on
	s.calls(t, 100, 120, 0.95)
	db, err := store.Open(t.Context(), s.db)
	if err != nil {
		t.Fatal(err)
	}
	var right []store.Outcome
	for call, err := range transcript.ReadFile(t.Context(), s.data) {
		if err != nil {
			t.Fatal(err)
		}
		right = append(right, store.Outcome{CallID: call.ID, Won: strings.Contains(call.Text, "contract")})
	}
	if _, err := db.AddOutcomes(t.Context(), right, time.Now()); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if d := s.run(t, "-data", s.data, "-frozen"); d.Action != promoted {
		t.Errorf("%+v", d)
	}
}

// TestInterrupted: a promotion that was not carried out is put down, and made up for.
func TestInterrupted(t *testing.T) {
	s := newSetup(t)
	s.calls(t, 40, 100, 0.95)
	db, err := store.Open(t.Context(), s.db)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.AddDecision(t.Context(), store.Decision{UID: "u", Time: time.Now(), Action: promoted, Serving: s.serving, Candidate: "x"}); err != nil {
		t.Fatal(err)
	}
	db.Close()
	s.run(t, "-data", s.data, "-frozen")
	if got := s.journal(t); got != "promote interrupted promote" {
		t.Errorf("journal: %s", got)
	}
}

// TestKilled kills the command at several moments: until the journal has a promotion the old version serves, and after that
// the old one or the new one, whole. The next run ends as if nothing had happened.
func TestKilled(t *testing.T) {
	s := newSetup(t)
	s.calls(t, 40, 100, 0.95)
	exists := func(pattern string) func() bool {
		return func() bool {
			found, _ := filepath.Glob(filepath.Join(s.dir, pattern))
			return len(found) > 0
		}
	}
	for moment, reached := range map[string]func() bool{
		"started":              exists(".lock"),
		"writing a version":    exists("versions/.candidate*"),
		"a version is written": exists("versions/????????*"),
		"exchanging":           exists(".models*"),
		"exchanged or nowhere near": func() bool {
			p, err := conversion.Load(os.DirFS(s.dir)) // an error where files are exchanged between two that are read
			return err == nil && p.Version() != s.serving
		},
	} {
		c := exec.Command(os.Args[0], s.args("-data", s.data, "-frozen")...)
		c.Env = append(os.Environ(), "RETRAIN_COMMAND=1")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		for done := false; !done && !reached(); {
			select {
			case err := <-ended:
				done = true
				ended <- err
			case <-time.After(time.Millisecond):
			}
		}
		c.Process.Kill()
		<-ended
		if now := s.serves(t); now != s.serving && !strings.Contains(s.journal(t), promoted) {
			t.Errorf("killed when %s: %s serves without a decision", moment, now)
		}
		t.Logf("killed when %s: the old version serves: %v; journal: %s", moment, s.serves(t) == s.serving, s.journal(t))
	}
	s.run(t, "-data", s.data, "-frozen")
	if s.serves(t) == s.serving {
		t.Error("the candidate is not promoted after all")
	}
	left, err := filepath.Glob(filepath.Join(s.dir, ".*.tmp"))
	more, err2 := filepath.Glob(filepath.Join(s.dir, "versions", "*candidate*"))
	if len(left)+len(more) > 0 || err != nil || err2 != nil {
		t.Errorf("left over: %v %v", left, more)
	}
}

func TestBad(t *testing.T) {
	s := newSetup(t)
	for _, c := range []struct {
		want   string
		status int
		args   []string
	}{
		{"-log: store: the DSN is empty", 2, []string{"-models", s.dir, "-data", "x"}},
		{"-models is missing", 2, []string{"-log", s.db, "-data", "x"}},
		{"-data is missing", 2, s.args()},
		{"leave -data out", 2, s.args("-rollback", "-data", "x")},
		{"unexpected argument", 2, s.args("-data", "x", "y")},
		{"no such file", 1, s.args("-data", filepath.Join(s.dir, "none"))},
		{"finetune", 1, []string{"-models", t.TempDir(), "-log", s.db, "-data", "x"}},
		{"there is none to go back to", 1, s.args("-rollback")},
	} {
		if status, out, log := command(t, c.args...); status != c.status || out != "" || !strings.Contains(log, c.want) {
			t.Errorf("%v: status %d, %q, %q; want %d and %q", c.args, status, out, log, c.status, c.want)
		}
	}
}
