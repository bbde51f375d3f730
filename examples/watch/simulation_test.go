package main

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/internal/store"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// weekly is how many calls a simulated week has; the reference period has four weeks.
const weekly, reference = 150, 4 * weekly

// world predicts synthetic calls, by their words alone so that 30,000 of them take seconds.
type world struct {
	terms      *transcript.TFIDF
	model      *classify.Logistic
	known      map[string]bool
	directions [][16]float64 // of each term: random projections stand for embeddings
}

func newWorld(t *testing.T, calls []transcript.Call) *world {
	t.Helper()
	var texts []string
	w := &world{known: map[string]bool{}}
	for _, c := range calls {
		texts = append(texts, c.Text)
		for _, word := range words(document(c)) {
			w.known[word] = true
		}
	}
	labels, err := transcript.Labels(calls)
	if err != nil {
		t.Fatal(err)
	}
	if w.terms, err = transcript.FitTFIDF(texts, &transcript.TFIDFOptions{MinTexts: 3}); err != nil {
		t.Fatal(err)
	}
	if w.model, err = classify.FitLogistic(t.Context(), w.terms.Transform(texts), labels, nil); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(9, 9))
	w.directions = make([][16]float64, len(w.terms.Terms()))
	for i := range w.directions {
		for j := range w.directions[i] {
			w.directions[i][j] = r.NormFloat64()
		}
	}
	return w
}

// week is what is known of the calls of a period.
type week struct {
	rows []row
	docs map[string][]string
	said map[string]text // embeddings of every second call
}

// see predicts calls, and learns their outcomes.
func (w *world) see(t *testing.T, calls []transcript.Call) week {
	t.Helper()
	k := week{docs: map[string][]string{}, said: map[string]text{}}
	var texts []string
	for _, c := range calls {
		texts = append(texts, c.Text)
	}
	x := w.terms.Transform(texts)
	z, err := w.model.Margins(x)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range calls {
		doc := document(c)
		all := words(doc)
		r := row{Prediction: store.Prediction{CallID: c.ID, Version: "v1", Probability: classify.Sigmoid(z[i]), LogOdds: z[i], Turns: len(doc), Words: len(all)},
			outcome: &store.Outcome{CallID: c.ID, Won: c.Outcome == transcript.Won}}
		if 50*count(all, func(word string) bool { return !w.known[word] }) > len(all) {
			r.Warnings = []string{string(conversion.Unlike)}
		}
		k.rows, k.docs[c.ID] = append(k.rows, r), doc
		if i%2 == 0 {
			e := make([]float64, 16)
			x.(mat.RowNonZeroDoer).DoRowNonZero(i, func(_, j int, v float64) {
				for d := range e {
					e[d] += v * w.directions[j][d]
				}
			})
			k.said[c.ID] = text{embedding: e}
		}
	}
	return k
}

// alarms names the alarms of a report.
func alarms(t *testing.T, before, now week) (names []string) {
	t.Helper()
	docs := map[string][]string{}
	for _, k := range []week{before, now} {
		for _, r := range k.rows {
			docs[r.CallID] = k.docs[r.CallID]
		}
	}
	said, _ := unknownWords(docs, before.rows, now.rows)
	for _, k := range []week{before, now} {
		for _, r := range k.rows {
			s := said[r.CallID]
			s.embedding = k.said[r.CallID].embedding
			said[r.CallID] = s
		}
	}
	findings, err := compare(context.Background(), before.rows, now.rows, said, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	if len(findings) != 12 {
		t.Fatalf("%d tests, want all 12", len(findings))
	}
	for _, f := range findings {
		if f.alarm {
			names = append(names, f.name)
		}
	}
	return names
}

func generate(t *testing.T, n int, opts *transcript.GenerateOptions) []transcript.Call {
	t.Helper()
	s, err := transcript.Generate(n, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s.Calls
}

// TestQuietWeeks makes a report for each of 200 weeks in which nothing changes, each compared with the four before it. Each
// has an alarm with a probability of 0.01 at most: more than 6 in all with a probability of less than 0.005.
func TestQuietWeeks(t *testing.T) {
	if testing.Short() {
		t.Skip("200 weeks of 150 calls take 50 s")
	}
	const quiet = 200
	calls := generate(t, 600+reference+quiet*weekly, &transcript.GenerateOptions{Seed: 4})
	w := newWorld(t, calls[:600])
	all := w.see(t, calls[600:])
	var alarmed atomic.Int64
	t.Run("parts", func(t *testing.T) {
		const parts = 8
		for part := range parts {
			t.Run(strconv.Itoa(part), func(t *testing.T) {
				t.Parallel()
				for k := part; k < quiet; k += parts {
					from := k * weekly
					before, now := all, all
					before.rows, now.rows = all.rows[from:from+reference], all.rows[from+reference:from+reference+weekly]
					if names := alarms(t, before, now); len(names) > 0 {
						alarmed.Add(1)
						t.Logf("week %d: %s", k, strings.Join(names, ", "))
					}
				}
			})
		}
	})
	t.Logf("%d false alarms in %d quiet weeks", alarmed.Load(), quiet)
	if n := alarmed.Load(); n > 6 {
		t.Errorf("%d false alarms in %d quiet weeks, want 2 at most but for chance", n, quiet)
	}
}

// edit changes a call's text.
func edit(c transcript.Call, f func(line int, text string) string) transcript.Call {
	lines := strings.Split(strings.TrimSpace(c.Text), "\n")
	for i, line := range lines {
		lines[i] = f(i, line)
	}
	c.Text = strings.Join(lines, "\n")
	return c
}

// drifts change calls of a week, with random numbers.
var drifts = map[string]func(calls []transcript.Call, r *rand.Rand){
	"new product": func(calls []transcript.Call, r *rand.Rand) { // in a third of the calls somebody brings it up
		lines := []string{"Customer: Does the Helioforge turbine come with blades and a gearbox?", "Agent: The Helioforge kiln glazes porcelain in forty minutes.",
			"Customer: We anodize aluminium, so the nacelle needs galvanizing.", "Agent: Leasing covers torque calibration and rotor balancing."}
		for i := range calls {
			if r.IntN(3) == 0 {
				for range 2 {
					calls[i].Text += lines[r.IntN(len(lines))] + "\n"
				}
			}
		}
	},
	"other speakers": func(calls []transcript.Call, r *rand.Rand) { // a new team says everything at greater length
		more := []string{"What I mean by that is simple.", "Let me put it another way for you.", "I always tell people this.", "That is how we do it here."}
		for i := range calls {
			calls[i] = edit(calls[i], func(_ int, line string) string {
				if strings.HasPrefix(line, "Customer:") || r.IntN(2) == 0 {
					return line
				}
				return line + " " + more[r.IntN(len(more))]
			})
		}
	},
	"broken transcription": func(calls []transcript.Call, r *rand.Rand) { // one word in ten is garbled
		for i := range calls {
			calls[i] = edit(calls[i], func(_ int, line string) string {
				all := strings.Fields(line)
				for k := 1; k < len(all); k++ {
					if r.IntN(10) == 0 {
						all[k] = "x" + all[k][len(all[k])/2:]
					}
				}
				return strings.Join(all, " ")
			})
		}
	},
	"changed base rate": nil, // 35% of the calls are won instead of 50%
}

// TestDrifts measures how many weeks it takes until a change is found that lasts, against a reference period before it.
func TestDrifts(t *testing.T) {
	if testing.Short() {
		t.Skip("drifts of 2000 calls take 3 s")
	}
	const weeks = 6
	calls := generate(t, 600+reference+weeks*weekly, &transcript.GenerateOptions{Seed: 5})
	fewer := generate(t, 600+reference+weeks*weekly, &transcript.GenerateOptions{Seed: 5, WonShare: 0.35})
	w := newWorld(t, calls[:600])
	before := w.see(t, calls[600:600+reference])
	for name, change := range drifts {
		r := rand.New(rand.NewPCG(6, 6))
		delay, found := 0, []string(nil)
		for k := 0; k < weeks && found == nil; k++ {
			from := 600 + reference + k*weekly
			now := append([]transcript.Call(nil), calls[from:from+weekly]...)
			if change == nil {
				now = fewer[from : from+weekly]
			} else {
				change(now, r)
			}
			delay, found = k+1, alarms(t, before, w.see(t, now))
		}
		t.Logf("%s: found after %d weeks of %d calls, by %s", name, delay, weekly, strings.Join(found, ", "))
		if len(found) == 0 || delay > 2 {
			t.Errorf("%s is not found within two weeks", name)
		}
	}
}
