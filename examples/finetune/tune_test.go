package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
)

// Every flag reaches the fine-tuning, what it learns is saved, and explanations add up with attention too.
func TestTuningFlags(t *testing.T) {
	calls := transcript.Sample()[:24]
	for i := range calls { // so that every encoder can tell them apart, and what is fine-tuned is kept
		calls[i].Text = "Agent: hello\nCustomer: no, never, stop that\nAgent: goodbye"
		if calls[i].Outcome == transcript.Won {
			calls[i].Text = "Agent: hello\nCustomer: yes, great, we sign\nAgent: thank you"
		}
	}
	out := t.TempDir()
	status, stdout, said := finetune(t, t.Context(), "-data", write(t, calls), "-model", tiny, "-out", out, "-loss", "batch_all", "-learning_rate", "0.01",
		"-epochs", "12", "-batch_size", "8", "-train_layers", "2", "-lora", "2", "-attention", "-tasks", "industry", "-confounders", "agent_id, day")
	if status != 0 || !strings.Contains(stdout, "fine-tuned embedding is at least as good") {
		t.Fatalf("status %d: %s%s", status, said, stdout)
	}
	m, err := encoder.Load(os.DirFS(filepath.Join(out, "models", "fine_tuned_embeddings")))
	if err != nil {
		t.Fatal(err)
	}
	if h := m.Heads(); h == nil || h.Query == nil || len(h.Tasks) != 1 || h.Tasks[0].Name != "industry" {
		t.Errorf("heads %v", h)
	}
	base, err := encoder.Load(os.DirFS(tiny))
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range m.Parameters() {
		changed := !slices.Equal(p.Value.Float32s(), base.Parameters()[i].Value.Float32s())
		learns := strings.HasSuffix(p.Name, ".weight") && !strings.Contains(p.Name, "LayerNorm") &&
			(strings.HasPrefix(p.Name, "encoder.layer.10.") || strings.HasPrefix(p.Name, "encoder.layer.11."))
		if changed != learns {
			t.Errorf("%s: changed is %v", p.Name, changed)
		}
	}
	checkSaved(t, out, calls[:3])
	turns, err := m.EncodeSegments(t.Context(), []string{"hello", "the price", "sign today"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := m.Pooling().Weights(turns, nil)
	if err != nil {
		t.Fatal(err)
	}
	if w := blocks[0]; math.Abs(w[0]+w[1]+w[2]-1) > 1e-9 || w[0] == w[1] {
		t.Errorf("weights of turns %v", w)
	}
}
