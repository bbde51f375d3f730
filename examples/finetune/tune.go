package main

import (
	"flag"
	"fmt"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/triplet"
)

// tuning are the flags of the fine-tuning. Zero means the default of packages conversion and triplet.
type tuning struct {
	Epochs       int     `json:"epochs"`
	Pairs        int     `json:"n_pairs"`
	Loss         string  `json:"loss"`
	LearningRate float64 `json:"learning_rate"`
	BatchSize    int     `json:"batch_size"`
	TrainLayers  int     `json:"train_layers"` // 0: all
	LoRA         int     `json:"lora"`
	Attention    bool    `json:"attention"`
	Tasks        string  `json:"tasks"`
	Confounders  string  `json:"confounders"`
}

// flags adds the flags of fine-tuning, the most important first.
func (o *tuning) flags(flags *flag.FlagSet) {
	o.Pairs, o.BatchSize = 4, 8
	flags.Func("epochs", "number `N` of epochs of each fine-tuning run; default: as many as take 200 steps, but 3 to 12", cli.Positive(&o.Epochs))
	flags.Func("n_pairs", "number `N` of triplets for each call as the anchor, in an epoch; default 4", cli.Positive(&o.Pairs))
	flags.StringVar(&o.Loss, "loss", string(triplet.Triplets), "`name` of the loss: triplet, batch_all, batch_hard, batch_semi_hard, supervised_contrastive or multiple_negatives (go doc ./triplet LossKind describes when to use which)")
	flags.Func("learning_rate", "`rate` of fine-tuning; default 1.5e-4, with -lora 2e-4", cli.Positive(&o.LearningRate))
	flags.Func("train_layers", "number `N` of upper layers that are trained; default 2, with -lora all", cli.Positive(&o.TrainLayers))
	flags.Func("lora", "`rank` of low-rank updates (LoRA) that are trained instead of whole layers; default: none", cli.Positive(&o.LoRA))
	flags.Func("batch_size", "number `N` of calls in a step of fine-tuning; default 8", cli.Positive(&o.BatchSize))
	flags.BoolVar(&o.Attention, "attention", false, "weight turns by trained attention, instead of taking their mean")
	flags.StringVar(&o.Tasks, "tasks", "", "comma-separated metadata `keys` that fine-tuned embeddings are trained to predict too, such as industry; their values are saved with the model")
	flags.StringVar(&o.Confounders, "confounders", "", "comma-separated metadata `keys`, or day, that triplets must not be solvable by, such as agent_id,day")
}

// validate returns an error for what makes no sense, before any work is done.
func (o *tuning) validate() error {
	if t := o.options(); t.Check() != nil {
		return cli.Usagef("%v", t.Check())
	}
	return nil
}

// options are the defaults of package triplet, but for what depends on the calls.
func (o *tuning) options() triplet.Options {
	return triplet.Options{Epochs: o.Epochs, TripletsPerAnchor: o.Pairs, Loss: triplet.Loss{Kind: triplet.LossKind(o.Loss)}, LearningRate: o.LearningRate,
		BatchSize: o.BatchSize, TrainLayers: o.TrainLayers, LoRA: o.LoRA, Attention: o.Attention}
}

// used adopts the defaults that the packages chose.
func (o *tuning) used(t *conversion.TuningSettings) {
	o.Epochs, o.LearningRate, o.BatchSize, o.TrainLayers = t.Epochs, t.LearningRate, t.BatchSize, t.TrainLayers
}

// columns adds what is taken from the metadata of the calls.
func (o *tuning) columns(to *triplet.Options, d *data) error {
	for _, key := range cli.Keys(o.Tasks) {
		values, err := d.column(key)
		if err != nil {
			return fmt.Errorf("%w, as -tasks asks", err)
		}
		to.Tasks = append(to.Tasks, triplet.Task{Name: key, Targets: values})
	}
	for _, key := range cli.Keys(o.Confounders) {
		values, err := d.column(key)
		if err != nil {
			return fmt.Errorf("%w, as -confounders asks", err)
		}
		to.Confounders = append(to.Confounders, values)
	}
	return nil
}
