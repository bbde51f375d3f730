package triplet

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/org/salesconv/encoder"
)

// loadTiny loads a random BERT of width 16, its lower two layers.
func loadTiny(t testing.TB) *encoder.Model {
	t.Helper()
	const dir = "../encoder/testdata/models/mean12"
	files := fstest.MapFS{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(dir + "/" + name)
		switch name {
		case "config.json":
			b = bytes.Replace(b, []byte(`"num_hidden_layers": 12`), []byte(`"num_hidden_layers": 2`), 1)
		case "model.safetensors":
			b = lowerLayers(t, b)
		}
		files[name] = &fstest.MapFile{Data: b}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := encoder.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lowerLayers leaves out all layers but the first two from a checkpoint.
func lowerLayers(t testing.TB, file []byte) []byte {
	t.Helper()
	n := binary.LittleEndian.Uint64(file)
	var tensors map[string]json.RawMessage
	if err := json.Unmarshal(file[8:8+n], &tensors); err != nil {
		t.Fatal(err)
	}
	var data []byte
	for name, raw := range tensors {
		var v struct {
			Dtype   string `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}
		layer := -1
		fmt.Sscanf(name, "encoder.layer.%d.", &layer)
		if name == "__metadata__" || layer > 1 {
			delete(tensors, name)
			continue
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		from := len(data)
		data = append(data, file[8+n:][v.Offsets[0]:v.Offsets[1]]...)
		v.Offsets = [2]int{from, len(data)}
		tensors[name], _ = json.Marshal(v)
	}
	header, err := json.Marshal(tensors)
	if err != nil {
		t.Fatal(err)
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), data...)
}

// calls makes documents of three segments of common words, the last two of which predict the label.
func calls(seed uint64, n int) (docs [][]string, labels []int) {
	r := rand.New(rand.NewPCG(seed, 0))
	words := strings.Fields("the is too we can it one two three four five hello there me call")
	informative := [2][]string{{"high", "price"}, {"sign", "today"}}
	for i := range n {
		var doc []string
		for s := range 3 {
			var text []string
			for range 3 + r.IntN(4) {
				text = append(text, words[r.IntN(len(words))])
			}
			if s > 0 {
				text = append(text, informative[i%2][r.IntN(2)])
			}
			doc = append(doc, strings.Join(text, " "))
		}
		docs, labels = append(docs, doc), append(labels, i%2)
	}
	return docs, labels
}

// neighbours returns the share of documents whose nearest neighbour has their label.
func neighbours(t *testing.T, m *encoder.Model, docs [][]string, labels []int) float64 {
	t.Helper()
	e, err := m.EncodeDocuments(t.Context(), docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i := range docs {
		best, at := math.Inf(-1), -1
		for j := range docs {
			a, b := wide(e.RawRow(i)), wide(e.RawRow(j))
			if s := dot(a, b) / math.Sqrt(dot(a, a)*dot(b, b)); j != i && s > best {
				best, at = s, j
			}
		}
		if labels[at] == labels[i] {
			right++
		}
	}
	return float64(right) / float64(len(docs))
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func weights(m *encoder.Model) []byte {
	var b bytes.Buffer
	for _, p := range m.Parameters() {
		binary.Write(&b, binary.LittleEndian, p.Value.Float32s())
	}
	return b.Bytes()
}

// Before training, the nearest neighbour of a held-out document is of any label; afterwards of its own.
func tokenized(t testing.TB, m *encoder.Model, docs [][]string) encoder.Documents {
	t.Helper()
	d, err := m.TokenizeDocuments(t.Context(), docs)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTrainLearns(t *testing.T) {
	docs, labels := calls(1, 80)
	held, theirs := calls(2, 60)
	for _, l := range []Loss{{}, {Kind: BatchAll}, {Kind: SupervisedContrastive}} {
		m := loadTiny(t)
		before := neighbours(t, m, held, theirs)
		h, err := Train(t.Context(), m, docs, labels, &Options{Loss: l, Epochs: 32, LearningRate: 1e-2})
		if err != nil {
			t.Fatal(err)
		}
		after := neighbours(t, m, held, theirs)
		first, last := h.Steps[0], h.Steps[len(h.Steps)-1]
		t.Logf("%s: neighbours %.2f, then %.2f; loss %.3f to %.3f, active %.2f to %.2f in %d steps", l.Kind, before, after, first.Loss, last.Loss, first.Active, last.Active, len(h.Steps))
		if before > 0.7 || after < 0.9 || !(last.Loss < first.Loss) {
			t.Errorf("%s: neighbours classify %.2f before and %.2f after, loss %v to %v", l.Kind, before, after, first.Loss, last.Loss)
		}
	}
}

func TestTrainSameBytes(t *testing.T) {
	docs, labels := calls(1, 20)
	var want []byte
	for _, threads := range []int{1, 2, 7} {
		m := loadTiny(t)
		before := runtime.GOMAXPROCS(threads)
		_, err := Train(t.Context(), m, docs, labels, &Options{Seed: 9, LearningRate: 1e-3})
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		if got := weights(m); want == nil {
			want = got
		} else if !bytes.Equal(got, want) {
			t.Errorf("%d threads give other weights than one", threads)
		}
	}
	m := loadTiny(t)
	if _, err := Train(t.Context(), m, docs, labels, &Options{Seed: 10, LearningRate: 1e-3}); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(weights(m), want) {
		t.Error("another seed gives the same weights")
	}
}

// A batch in parts has the gradients of the whole, with a mined loss and dropout on.
func TestTrainParts(t *testing.T) {
	docs, labels := calls(1, 12)
	o := Options{Loss: Loss{Kind: BatchHard}, BatchSize: 12}
	var want [][]float32
	for _, memory := range []int64{1 << 30, 1 << 20, 1} {
		o.MemoryLimit = memory
		m := loadTiny(t)
		tr, err := newTrainer(m, tokenized(t, m, docs), labels, &o)
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.network.run(t.Context(), 3, tr.lay(tr.sampler.draw(0))); err != nil {
			t.Fatal(err)
		}
		for i, p := range tr.network.solvable {
			g, err := gradient(p)
			if err != nil {
				t.Fatal(err)
			}
			if memory == 1<<30 {
				want = append(want, append([]float32(nil), g...))
				continue
			}
			diff := make([]float32, len(g))
			for j := range g {
				diff[j] = g[j] - want[i][j]
			}
			if d := norm(diff); !(d <= 1e-5*norm(want[i])+1e-8) {
				t.Errorf("%d bytes: gradient of %s differs by %g, norm %g", memory, name(p), d, norm(want[i]))
			}
		}
	}
}

func TestTrainUpperLayers(t *testing.T) {
	docs, labels := calls(1, 12)
	m, base := loadTiny(t), loadTiny(t)
	if _, err := Train(t.Context(), m, docs, labels, &Options{TrainLayers: 1, LearningRate: 1e-3, LayerDecay: 0.5}); err != nil {
		t.Fatal(err)
	}
	for i, p := range m.Parameters() {
		same := bytes.Equal(bytesOf(p), bytesOf(base.Parameters()[i]))
		if learns := strings.HasPrefix(p.Name, "encoder.layer.1."); same == learns {
			t.Errorf("%s: unchanged is %v", p.Name, same)
		}
	}
}

// Each layer learns at the rate of the one above times the decay, heads at their own.
func TestRates(t *testing.T) {
	rate := rates(loadTiny(t), &Options{LearningRate: 2e-5, LayerDecay: 0.5})
	for name, want := range map[string]float64{
		"encoder.layer.1.output.dense.weight": 1, "encoder.layer.0.output.dense.bias": 0.5, "embeddings.LayerNorm.weight": 0.25,
		"head.attention": 1000,
	} {
		if got := rate(name); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: rate times %v, want %v", name, got, want)
		}
	}
}

func bytesOf(p encoder.Parameter) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, p.Value.Float32s())
	return b.Bytes()
}

// ctx stops between steps; what is there so far comes back and can be written as JSON.
func TestTrainStops(t *testing.T) {
	docs, labels := calls(1, 12)
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("enough")
	h, err := Train(ctx, loadTiny(t), docs, labels, &Options{Epochs: 100, Progress: func(s Step) {
		if s.Step == 3 {
			cancel(reason)
		}
	}})
	if !errors.Is(err, reason) || h == nil || len(h.Steps) != 3 {
		t.Fatalf("history %+v, error %v", h, err)
	}
	if !strings.Contains(err.Error(), "triplet: stopped after step 3 of 100") {
		t.Error(err)
	}
	if b, err := json.Marshal(h); err != nil || !bytes.Contains(b, []byte(`"grad_norm"`)) {
		t.Errorf("%s, %v", b, err)
	}
}

func TestTrainErrors(t *testing.T) {
	m := loadTiny(t)
	docs, labels := calls(1, 6)
	empty := append([][]string{{}}, docs[1:]...)
	for want, f := range map[string]func() ([][]string, []int, *Options){
		"5 labels for 6 documents":               func() ([][]string, []int, *Options) { return docs, labels[:5], nil },
		"0 documents of label 0":                 func() ([][]string, []int, *Options) { return nil, nil, nil },
		"0 documents of label 0, want 2 or more": func() ([][]string, []int, *Options) { return docs[:3], []int{1, 1, 1}, nil },
		"1 documents of label 1, want 2 or more": func() ([][]string, []int, *Options) { return docs[:3], []int{0, 1, 0}, nil },
		"document 2 has label 7, want 0 or 1":    func() ([][]string, []int, *Options) { return docs[:3], []int{0, 1, 7}, nil },
		"document 0 has no segments":             func() ([][]string, []int, *Options) { return empty, labels, nil },
		"groups of 2 documents, want 6": func() ([][]string, []int, *Options) {
			return docs, labels, &Options{Confounders: [][]string{{"a", "b"}}}
		},
		"Warmup 1.5, want at most 1, or a negative": func() ([][]string, []int, *Options) { return docs, labels, &Options{Warmup: 1.5} },
		"ClipNorm NaN, want":                        func() ([][]string, []int, *Options) { return docs, labels, &Options{ClipNorm: math.NaN()} },
		"L2SP -1, want 0 to":                        func() ([][]string, []int, *Options) { return docs, labels, &Options{L2SP: -1} },
		"DropSegments 1, want":                      func() ([][]string, []int, *Options) { return docs, labels, &Options{DropSegments: 1} },
		"Threads -1, want 0":                        func() ([][]string, []int, *Options) { return docs, labels, &Options{Threads: -1} },
		"BatchSize -1, want above 0":                func() ([][]string, []int, *Options) { return docs, labels, &Options{BatchSize: -1} },
		`schedule "step"`:                           func() ([][]string, []int, *Options) { return docs, labels, &Options{Schedule: "step"} },
		"TrainLayers 3, want 0 to 2":                func() ([][]string, []int, *Options) { return docs, labels, &Options{TrainLayers: 3} },
		"LearningRate NaN":                          func() ([][]string, []int, *Options) { return docs, labels, &Options{LearningRate: math.NaN()} },
		`distance "x"`:                              func() ([][]string, []int, *Options) { return docs, labels, &Options{Loss: Loss{Distance: "x"}} },
	} {
		d, l, o := f()
		if _, err := Train(t.Context(), m, d, l, o); err == nil || !strings.HasPrefix(err.Error(), "triplet: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// Weights that break, at first or later, name the step and the layer, and a remedy.
func TestTrainNaN(t *testing.T) {
	docs, labels := calls(1, 6)
	for _, after := range []int{0, 3} {
		m := loadTiny(t)
		breaks := func() {
			for _, p := range m.Parameters() {
				if p.Name == "encoder.layer.1.output.dense.bias" {
					p.Value.Float32s()[2] = float32(math.Inf(1))
				}
			}
		}
		if after == 0 {
			breaks()
		}
		_, err := Train(t.Context(), m, docs, labels, &Options{Epochs: 9, Progress: func(s Step) {
			if s.Step == after {
				breaks()
			}
		}})
		for _, want := range []string{fmt.Sprintf("triplet: step %d: ", after+1), "encoder.layer.1.output.LayerNorm: non-finite", "lower LearningRate"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q in it", err, want)
			}
		}
	}
}

// contextAfter returns a context that ends after a step of the run, and what it ends for.
func contextAfter(t *testing.T, step int, o *Options) (context.Context, error) {
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	o.Progress = func(s Step) {
		if s.Step == step {
			cancel(reason)
		}
	}
	return ctx, reason
}
