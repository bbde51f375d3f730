package conversion

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// saveEncoder saves one of the encoders, with a model card that names its base model and licence and, for the tuned one,
// what it was trained on.
func (p *Predictor) saveEncoder(dir string, s source) error {
	m, _ := p.encoder(s)
	if err := m.Save(dir); err != nil {
		return err
	}
	path := filepath.Join(dir, "README.md")
	card, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	top, body, ok := strings.Cut(strings.TrimPrefix(string(card), "---\n"), "\n---\n")
	if !ok {
		top, body = "library_name: sentence-transformers", string(card)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "---\n%s\n", top)
	for _, key := range [][2]string{{"base_model", p.info.Encoder.Name}, {"license", p.info.Encoder.License}} {
		if key[1] != "" && !strings.Contains("\n"+top, "\n"+key[0]+":") {
			fmt.Fprintf(&b, "%s: %s\n", key[0], key[1])
		}
	}
	fmt.Fprintf(&b, "---\n%s", body)
	if s == tunedTurns {
		b.WriteString(p.info.trained())
	}
	return writeBytes(path, []byte(b.String()))
}

// trained is the part of a model card about the training.
func (i *Info) trained() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## Training\n\n- base model: %s, licence %s, SHA-256 of its configuration and weights %s\n",
		cmp.Or(i.Encoder.Name, "unnamed"), cmp.Or(i.Encoder.License, "unknown"), i.Encoder.SHA256)
	fmt.Fprintf(&b, "- training data: %d sales calls of %d turns, of which %d were won; SHA-256 %s\n", i.Data.Calls, i.Data.Turns, i.Data.Won, i.Data.SHA256)
	t := i.Options.Tuning
	fmt.Fprintf(&b, "- method: loss %s with a linear classifier of the outcome alongside, %d epochs, batches of %d calls, learning rate %g, seed %d; "+
		"the weights are the mean of %d such runs, all but the first without a part of the calls\n", t.Loss, t.Epochs, t.BatchSize, t.LearningRate, i.Options.Seed, i.Options.Folds+1)
	fmt.Fprintf(&b, "- software: %s\n\nAn embedding of a call is the mean of the embeddings of its turns. The training calls can be told by their outcomes: judge the model on others.\n", i.Software)
	return b.String()
}
