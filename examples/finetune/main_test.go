package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/browser"
	"github.com/org/salesconv/transcript"
)

// tiny is a small random model, which makes for a quick run and poor predictions.
const tiny = "../../encoder/testdata/models/mean12"

// finetune runs the command.
func finetune(t *testing.T, ctx context.Context, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, note bytes.Buffer
	env := &cli.Env{Name: "finetune", Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &note}
	return cli.Run(ctx, env, run), out.String(), note.String()
}

// write makes a file of calls.
func write(t *testing.T, calls []transcript.Call) string {
	t.Helper()
	b, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	return writeText(t, string(b))
}

func writeText(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "calls.json")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunWritesEverything(t *testing.T) {
	calls := transcript.Sample()[:40]
	for i := range calls[:20] {
		calls[i].ID += browser.Hostile
		calls[i].Text = strings.Replace(calls[i].Text, "Customer: ", "Customer: "+browser.Hostile+" ", 1)
		calls[i].Metadata.AgentID, calls[i].Metadata.Industry = calls[i].Metadata.AgentID+browser.Hostile, browser.Hostile
	}
	unknown := calls[3]
	unknown.ID, unknown.Outcome = "unknown", transcript.Unknown
	data := write(t, append([]transcript.Call{unknown}, calls...))
	for _, classifier := range []string{"logistic", "xgboost"} {
		if testing.Short() && classifier == "xgboost" {
			break // each fits a whole predictor
		}
		out := t.TempDir()
		status, stdout, stderr := finetune(t, t.Context(), "-data", data, "-model", tiny, "-classifier_type", classifier, "-out", out)
		if status != 0 {
			t.Fatalf("%s: status %d: %s", classifier, status, stderr)
		}
		for _, name := range []string{"models/predictor.json", "models/classifier.json", "models/words.json",
			"models/fine_tuned_embeddings/modules.json", "results/generic_embeddings.png", "results/fine_tuned_embeddings.png"} {
			if info, err := os.Stat(filepath.Join(out, name)); err != nil || info.Size() == 0 {
				t.Errorf("%s: %s: %v", classifier, name, err)
			}
		}
		for _, want := range []string{"stack, fine-tuned where it helps", "Intervals are 95%", "pairs of a won and a lost call, the predictor", "then fitted again on all 40 calls", "the generic"} {
			if !strings.Contains(stdout, want) {
				t.Errorf("%s: no %q in\n%s", classifier, want, stdout)
			}
		}
		for _, want := range []string{"1 of 41 calls have no label", "s: encoding calls", "fine-tuning run 1 of 3", "time by stage: ", "the page to open: " + filepath.Join(out, "results", pageFile),
			"words.json", "masked as far as they were found", "next: go run ./examples/predict -models " + out} {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: no %q in\n%s", classifier, want, stderr)
			}
		}
		checkDrawing(t, filepath.Join(out, "results", "training_history.png"))
		checkStages(t, filepath.Join(out, "results", "run.json"))
		checkMetrics(t, filepath.Join(out, "results", "metrics.json"))
		checkPage(t, filepath.Join(out, "results", "performance_comparison.html"))
		checkSaved(t, out, calls[:3])
	}
}

// checkStages checks that run.json has the time of each part of a run, which adds up.
func checkStages(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r took
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	sum, names := 0.0, map[string]bool{}
	for _, s := range r.Stages {
		sum += s.Seconds
		names[s.Name] = true
	}
	for _, want := range []string{"encoding calls", "fitting heads", "fine-tuning run 3 of 3", "encoding calls with 50% of fine-tuned weights", "judging methods", "map of generic embeddings", "explaining held-out calls"} {
		if !names[want] {
			t.Errorf("no stage %q in %s", want, b)
		}
	}
	if !(sum > 0 && sum <= r.Seconds) {
		t.Errorf("%v seconds in stages, %v in all", sum, r.Seconds)
	}
}

func checkMetrics(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r results
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if r.Data.Calls != 40 || r.Data.Unknown != 1 || r.Data.Train+r.Data.Test != 40 || len(r.Methods) != 9 || len(r.Fifths) != 5 ||
		len(r.Maps) != 2 || len(r.Turns) < shown || len(r.Turns) > 2*shown || r.Options.Seed != 1 || !r.Options.Refit {
		t.Errorf("metrics %+v", r)
	}
	runs, trials := 4, 2 // one of them on all calls
	if r.Tuning.Share == 0 {
		runs, trials = 3, 0
	}
	if len(r.Tuning.Histories) != runs || len(r.Tuning.Trials) != trials {
		t.Errorf("share %v: %d fine-tuning runs and trials %+v, want %d and %d", r.Tuning.Share, len(r.Tuning.Histories), r.Tuning.Trials, runs, trials)
	}
	compared, answer := 2, "No: "
	switch {
	case r.Tuning.Share == 0:
		compared = 1
	case r.Tuning.Used:
		compared, answer = 3, "On the training calls, out of fold, it does"
	}
	if len(r.Verdicts) != compared || !strings.HasPrefix(r.answer(), answer) {
		t.Errorf("fine-tuning used: %v, but %d comparisons, and the answer is %q", r.Tuning.Used, len(r.Verdicts), r.answer())
	}
	for _, m := range r.Methods {
		if m.AUC == nil || !(m.AUC.Low <= m.ROCAUC && m.ROCAUC <= m.AUC.High) {
			t.Errorf("%s: AUC %v outside its interval %v", m.Name, m.ROCAUC, m.AUC)
		}
	}
	if r.Leak == nil || len(r.Leak.Columns) < 5 || r.Leak.AUC.Samples == 0 {
		t.Errorf("metadata alone: %+v", r.Leak)
	}
	if o := r.Options; o.Epochs != 12 || o.LearningRate != 1.5e-4 || o.TrainLayers != 2 || o.BatchSize != 8 || o.Pairs != 4 || !o.Mask {
		t.Errorf("options as used %+v", o)
	}
	if lead := r.lead(); strings.HasPrefix(lead, "Nothing can be predicted") == r.OutOfFold.Predicts() || r.OutOfFold.Calls != r.Data.Train {
		t.Errorf("out of fold %+v, but the page begins with %q", r.OutOfFold, lead)
	}
	rows, most := 0, math.Inf(1)
	for _, f := range r.Fifths {
		rows += f.Rows
	}
	for _, x := range r.Turns {
		if x.Points > most || math.Signbit(x.Points) != math.Signbit(x.LogOdds) || math.Abs(x.Points) > 100 || x.Times < 1 || x.Won > x.Times {
			t.Errorf("influential turn %+v after one of %v points", x, most)
		}
		most = x.Points
	}
	if rows != r.Data.Test || len(r.Model) != 64 {
		t.Errorf("%d calls in all fifths, model %q", rows, r.Model)
	}
	for _, not := range []string{"resumed", "seconds"} {
		if bytes.Contains(b, []byte(not)) {
			t.Errorf("metrics.json has %q, which differs from run to run", not)
		}
	}
}

func checkDrawing(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if im, err := png.Decode(f); err != nil || im.Bounds().Dx() < 500 {
		t.Errorf("%s: %v, error %v", path, im, err)
	}
}

func checkPage(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, outside := range []string{"<script src", "src=\"http", "href=\"http", "url(http", "@import"} {
		if bytes.Contains(b, []byte(outside)) {
			t.Errorf("the page has %s", outside)
		}
	}
	calls := bytes.Count(b, []byte(`<details class="call"`))
	maps := bytes.Count(b, []byte(">faint: trained on ")) // one where both have the generic embedding
	if n := bytes.Count(b, []byte("<svg")); calls == 0 || maps == 0 || n != 8+maps+2*min(10, calls) {
		t.Errorf("%d drawings on the page, want 8 charts, %d maps, and two of each of the first ten held-out calls, of %d", n, maps, calls)
	}
	if n := bytes.Count(b, []byte(`<a class="mark" href="#call-`)); n != maps*calls {
		t.Errorf("%d points of the maps open a call, want %d on each", n, calls)
	}
	t.Run("in a browser", func(t *testing.T) {
		tab := browser.Open(t, "file://"+path)
		if n := browser.Eval[int](tab, `document.querySelectorAll("section:first-of-type :is(svg, .table)").length`); n != 1 {
			t.Errorf("the page opens with %d charts and tables, want one", n)
		}
		tab.Unfold()
		tab.Do(chromedp.Click(chromedp.CSS("section:nth-of-type(2) .table tbody a"))) // the most influential turn
		tab.Until(`document.activeElement.tagName === "SUMMARY" && document.activeElement.parentElement.open`)
		tab.Do(chromedp.Click(chromedp.CSS(`svg a.mark[href="#call-2"]`)), chromedp.WaitVisible(chromedp.CSS("#call-2 .turns")))
		tab.Check()
	})
}

// checkSaved loads the predictor and checks that explanations add up to its log-odds.
func checkSaved(t *testing.T, dir string, calls []transcript.Call) {
	t.Helper()
	p, err := conversion.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	predicted, err := p.Predict(t.Context(), calls, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, call := range calls {
		e, err := p.Explain(t.Context(), call, &conversion.ExplainOptions{Words: -1})
		if err != nil {
			t.Fatal(err)
		}
		sum := e.Base
		for _, turn := range e.Turns {
			sum += turn.Contribution
		}
		if d := math.Abs(sum - predicted[i].LogOdds); !(d < 1e-4) { // vectors are float32
			t.Errorf("call %d: contributions add up to %v, log-odds are %v", i, sum, predicted[i].LogOdds)
		}
	}
}

func TestRunRefusesBadInput(t *testing.T) {
	calls := transcript.Sample()[:20]
	won := func(outcome transcript.Outcome, n int) []transcript.Call {
		var some []transcript.Call
		for _, c := range transcript.Sample() {
			if c.Outcome == outcome && len(some) < n {
				some = append(some, c)
			}
		}
		return some
	}
	file := writeText(t, "")
	blocked := filepath.Join(file, "out")
	for name, c := range map[string]struct {
		args   []string
		status int
		stderr string
	}{
		"empty file":      {[]string{"-data", file}, 1, "calls.json"},
		"no calls":        {[]string{"-data", writeText(t, "[]")}, 1, "calls.json"},
		"no file":         {[]string{"-data", "missing.json"}, 1, "missing.json"},
		"label perhaps":   {[]string{"-data", writeText(t, `[{"transcript":"Agent: hi","label":"perhaps"}]`)}, 1, "record 1"},
		"label 2":         {[]string{"-data", writeText(t, `[{"transcript":"Agent: hi","label":2}]`)}, 1, "record 1"},
		"spaces":          {[]string{"-data", writeText(t, `[{"transcript":"   ","label":1}]`)}, 1, "record 1"},
		"truncated":       {[]string{"-data", writeText(t, `[{"transcript":"Agent: hi","label":1},{"tran`)}, 1, "record 2"},
		"one class":       {[]string{"-data", write(t, won(transcript.Won, 9))}, 1, "0 lost"},
		"one of a label":  {[]string{"-data", write(t, append(won(transcript.Won, 9), won(transcript.Lost, 1)...))}, 1, "1 lost"},
		"no model":        {[]string{"-data", write(t, calls), "-model", t.TempDir()}, 1, "modules.json"},
		"blocked output":  {[]string{"-out", blocked}, 1, "-out"},
		"classifier":      {[]string{"-classifier_type", "forest"}, 2, "logistic or xgboost"},
		"no epochs":       {[]string{"-epochs", "0"}, 2, "invalid value \"0\" for flag -epochs: want a whole number above 0"},
		"no hub model":    {[]string{"-data", write(t, calls), "-model", "nobody/nothing"}, 1, "hf download nobody/nothing"},
		"loss":            {[]string{"-loss", "hinge"}, 2, `loss "hinge", want triplet, `},
		"learning rate":   {[]string{"-learning_rate", "-1"}, 2, "-learning_rate: want a number above 0"},
		"task":            {[]string{"-data", write(t, calls), "-tasks", "shoe_size"}, 1, `no call has "shoe_size" in its metadata, as -tasks asks`},
		"confounder":      {[]string{"-data", write(t, calls), "-confounders", "day,shoe_size"}, 1, "as -confounders asks"},
		"unknown flag":    {[]string{"-nosuch"}, 2, "nosuch"},
		"stray arguments": {[]string{"calls.json"}, 2, "-data"},
	} {
		args := c.args
		if name != "blocked output" {
			args = append([]string{"-out", t.TempDir()}, args...)
		}
		status, stdout, stderr := finetune(t, t.Context(), args...)
		if status != c.status || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want status %d and one line with %q", name, status, stdout, stderr, c.status, c.stderr)
		}
	}
}

func TestInterruptWritesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := t.TempDir()
	status, _, stderr := finetune(t, ctx, "-model", tiny, "-out", out)
	left, err := os.ReadDir(out)
	if status != 1 || !strings.Contains(stderr, "interrupted") || err != nil || len(left) > 0 {
		t.Errorf("status %d, stderr %q, %d files left, %v", status, stderr, len(left), err)
	}
}

// A pipe named as -data that nobody writes to does not hold up SIGTERM.
func TestInterruptWhileReadingAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "calls.json")
	if said, err := exec.Command("mkfifo", pipe).CombinedOutput(); err != nil {
		t.Skipf("no named pipes here: %v %s", err, said)
	}
	out := t.TempDir()
	cmd := exec.Command(os.Args[0], "-data", pipe, "-model", tiny, "-out", out)
	var note bytes.Buffer
	cmd.Env, cmd.Stderr = append(os.Environ(), childVariable+"=1"), &note
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for len(files(out)) == 0 { // until it has locked the directory
		runtime.Gosched()
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 || !strings.HasSuffix(note.String(), ": interrupted\n") || len(files(out)) > 0 {
		t.Errorf("%v, said %q, left %v", err, note.String(), files(out))
	}
}
