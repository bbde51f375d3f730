package main

import (
	"flag"
	"fmt"
	"strings"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/triplet"
)

// tuning are the flags that say how the encoder is tuned. Zero leaves a choice to packages pipeline and triplet.
type tuning struct {
	Epochs       int     `json:"epochs"`
	Pairs        int     `json:"n_pairs"`
	Loss         string  `json:"loss"`
	LearningRate float64 `json:"learning_rate"`
	BatchSize    int     `json:"batch_size"`
	TrainLayers  int     `json:"train_layers"`
	LoRA         int     `json:"lora"`
	Attention    bool    `json:"attention"`
	Tasks        string  `json:"tasks"`
	Shortcuts    string  `json:"shortcuts"`
}

// flags adds those of the tuning, the ones that matter most first.
func (o *tuning) flags(flags *flag.FlagSet) {
	flags.IntVar(&o.Epochs, "epochs", 0, "how often a tuning goes through the calls; default: for 400 steps, 3 to 12 times")
	flags.IntVar(&o.Pairs, "n_pairs", 4, "triplets for each call as anchor in an epoch")
	flags.StringVar(&o.Loss, "loss", string(triplet.Triplets), "`name` of what tuning minimises: triplet, batch_all, batch_hard, batch_semi_hard, supervised_contrastive or multiple_negatives (go doc ./triplet Kind says when to use which)")
	flags.Float64Var(&o.LearningRate, "learning_rate", 0, "of the tuning; default 1.5e-4, with -lora 2e-4")
	flags.IntVar(&o.TrainLayers, "train_layers", 0, "how many upper layers learn; default 2, with -lora all")
	flags.IntVar(&o.LoRA, "lora", 0, "`rank` of corrections that learn in the place of whole layers; default none")
	flags.IntVar(&o.BatchSize, "batch_size", 8, "calls in a step of the tuning")
	flags.BoolVar(&o.Attention, "attention", false, "learn which turns count for more, instead of taking the mean of all")
	flags.StringVar(&o.Tasks, "tasks", "", "`keys` of the metadata, with commas between, that the tuned vectors are to tell too, such as industry")
	flags.StringVar(&o.Shortcuts, "shortcuts", "", "`keys` of the metadata, or day, with commas between, that triplets are not to tell apart by, such as agent_id,day")
}

// check says what makes no sense, before any work is done.
func (o *tuning) check() error {
	if o.Pairs < 1 {
		return cli.Usagef("-n_pairs %d, want 1 or more", o.Pairs)
	}
	if t := o.options(); t.Check() != nil {
		return cli.Usagef("%v", t.Check())
	}
	return nil
}

// options are those of package triplet, but for what depends on the calls.
func (o *tuning) options() triplet.Options {
	return triplet.Options{Epochs: o.Epochs, TripletsPerAnchor: o.Pairs, Loss: triplet.Loss{Kind: triplet.LossKind(o.Loss)}, LearningRate: o.LearningRate,
		BatchSize: o.BatchSize, TrainLayers: o.TrainLayers, LoRA: o.LoRA, Attention: o.Attention}
}

// columns adds what is taken from the metadata of the calls.
func (o *tuning) columns(to *triplet.Options, d *data) error {
	for _, key := range keys(o.Tasks) {
		values, err := d.column(key)
		if err != nil {
			return fmt.Errorf("%w, as -tasks asks", err)
		}
		to.Tasks = append(to.Tasks, triplet.Task{Name: key, Targets: study.Pick(values, d.split.Train)})
	}
	for _, key := range keys(o.Shortcuts) {
		values, err := d.column(key)
		if err != nil {
			return fmt.Errorf("%w, as -shortcuts asks", err)
		}
		to.Confounders = append(to.Confounders, study.Pick(values, d.split.Train))
	}
	return nil
}

// keys are those of a list with commas, or spaces, between them.
func keys(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// column is what the metadata of each call says under a key, "" if nothing; day is that of its time.
func (d *data) column(key string) ([]string, error) {
	values, known := make([]string, len(d.Calls)), false
	for i, c := range d.Calls {
		if key != "day" {
			values[i] = c.Metadata.Value(key)
		} else if at := c.Metadata.CallTime; !at.IsZero() {
			values[i] = at.Format("2006-01-02")
		}
		known = known || values[i] != ""
	}
	if !known {
		return nil, fmt.Errorf("%s: no call has %q in its metadata", d.Source, key)
	}
	return values, nil
}
