package conversion

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/org/salesconv/encoder"
)

// card is what the model card of the fine-tuned encoder says of its origin.
func (i *Info) card() encoder.Card {
	d := i.Data
	return encoder.Card{BaseModel: i.Encoder.Name, License: i.Encoder.License,
		TrainingData: fmt.Sprintf("%d sales calls of %d turns, of which %d were won; SHA-256 %s", d.Calls, d.Turns, d.Won, d.SHA256)}
}

// saveTuned saves the fine-tuned encoder, with a model card that also says how it was trained.
func (p *Predictor) saveTuned(dir string) error {
	if err := p.tuned.Save(dir); err != nil {
		return err
	}
	path := filepath.Join(dir, "README.md")
	card, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return writeBytes(path, append(card, p.info.training()...))
}

// training is the part of a model card about the training.
func (i *Info) training() string {
	var b strings.Builder
	t, refitted := i.Options.Tuning, ""
	if i.Refitted {
		refitted = ", and of one on all calls"
	}
	fmt.Fprintf(&b, "\n## Training\n\n- SHA-256 of the base model's configuration and weights: %s\n", i.Encoder.SHA256)
	fmt.Fprintf(&b, "- method: loss %s with a linear classifier of the outcome alongside, %d epochs, batches of %d calls, learning rate %g, seed %d; "+
		"the weights are the mean of %d such runs, each without another part of the calls%s\n", t.Loss, t.Epochs, t.BatchSize, t.LearningRate, i.Options.Seed, i.Options.Folds, refitted)
	fmt.Fprintf(&b, "- share of fine-tuned weights: %g%%; the rest are generic ones, which did better on calls left out\n", 100*t.Share)
	fmt.Fprintf(&b, "- software: %s\n\nAn embedding of a call is the mean of the embeddings of its turns. The training calls can be told by their outcomes: judge the model on others.\n", i.Software)
	return b.String()
}
