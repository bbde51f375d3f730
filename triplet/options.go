package triplet

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/org/salesconv/encoder"
)

// Options are the settings of a training run. Nil and the zero value are good defaults: a zero field means its default;
// where the default is not none, a negative number means none if the comment says so. Epochs, LearningRate, and
// TrainLayers or LoRA matter most, with Validation to evaluate them; then the Loss. Change other fields only if you
// measure the effect on your documents.
type Options struct {
	Loss Loss // default: triplets, cosine distance, margin 0.3
	// Objective is a custom loss; of Loss only Distance is used then, by Validation; default none.
	Objective Objective
	Epochs    int // default 1
	// TripletsPerAnchor is how many triplets are drawn with each document of a batch as the anchor. Losses that do not use
	// drawn triplets (BatchAll, BatchHard, BatchSemiHard, SupervisedContrastive) draw none. Default 4.
	TripletsPerAnchor int
	BatchSize         int // documents in a step, half of each label; default 16

	LearningRate float64  // default 2e-5, with LoRA 2e-4
	Schedule     Schedule // default LinearDecay
	Warmup       float64  // share of the steps in which the rate rises; default 0.1; negative: none
	WeightDecay  float64  // of weights; default 0.01; negative: none
	DecayAll     bool     // biases and LayerNorm decay as well; default false
	ClipNorm     float64  // of the whole gradient; default 1; negative: none
	LayerDecay   float64  // factor of the rate from each layer to the one below; default 1
	// TrainLayers is the number of upper layers that are trained, embeddings and the others being frozen; default 0:
	// everything.
	TrainLayers int
	// LoRA is the rank of low-rank updates that are trained instead of the matrices of the layers, and merged into them
	// (Hu et al. 2021, arXiv 2106.09685). Default 0: none; at most 1024.
	LoRA int
	// L2SP shrinks the weights towards the initial ones, as WeightDecay does towards zero (Li et al. 2018, arXiv
	// 1802.01483). Default 0: none.
	L2SP float64
	// DropSegments is the probability of leaving a segment out of its document in a step; default 0.
	DropSegments float64
	NoDropout    bool // default false: dropout as config.json of the model has it

	// Confounders are columns by which triplets should not be solvable, such as the agent, the customer or the day. Each
	// names the group of every document, "" if it is unknown. Positives are drawn from other groups and negatives from
	// the same group, as far as the batch has any; batches are composed for the first column. Default none.
	Confounders [][]string

	Seed    uint64 // of batches and dropout; default 0
	Threads int    `json:"-"` // default GOMAXPROCS; the weights do not depend on it

	// MemoryLimit bounds, in bytes, the activations of a step. A batch that needs more is run in parts, with the
	// same gradients and a third more time. A token of all-MiniLM-L6-v2 takes 132 KB, 58 KB if two layers are trained.
	// Default 2 GiB; negative: none.
	MemoryLimit int64

	// Lower caches the output of the frozen layers for each sequence, which saves two fifths of the time if two layers
	// of six are trained: share one among all runs on the same documents or on parts of them. The frozen layers then
	// have no dropout, so the weights differ from a run without Lower, unless NoDropout is set. See
	// [encoder.LowerLayers] for its memory. Default: no cache.
	Lower *encoder.LowerLayers `json:"-"`

	// Attention pools documents by [encoder.AttentionPooling], whose query is trained alongside the encoder, so that
	// the most influential segments count for more. The model keeps it. Default: the mean of the segments.
	Attention bool
	// Last and Trend add blocks to the mean of a document's segments in what losses, the classifier of the label and tasks
	// read: the mean of the last n segments, none of which DropSegments leaves out; and the trend over all. So training
	// uses information at the end of a document, and changes over it. Heads read all blocks afterwards, see
	// [encoder.Heads.Pooling]; the embedding of a document remains the mean. Not with Attention. Default: neither.
	Last  int
	Trend bool
	// LabelWeight is the weight of the loss of a linear classifier of the label that is trained with the encoder; the main
	// loss has weight 1. Triplets determine which documents lie together, the classifier in which direction they separate.
	// The model has it afterwards as [encoder.Heads].Label. Default 0: none.
	LabelWeight float64
	Tasks       []Task // what else is to be predicted from the documents' embeddings; default none

	// Validation evaluates held-out documents to decide when to stop and what to keep; default none.
	Validation  *Validation
	Checkpoints *Checkpoints `json:"-"` // the run can be resumed; default none
	Progress    func(Step)   `json:"-"` // watches each step; default none
}

// Check returns an error if an option is out of range or contradicts another, whatever the model and the documents.
// Train returns it too, but later.
func (o *Options) Check() error {
	_, err := o.withDefaults(math.MaxInt)
	return err
}

// withDefaults validates a copy of the options and fills in what is zero.
func (o *Options) withDefaults(layers int) (*Options, error) {
	d := Options{}
	if o != nil {
		d = *o
	}
	rate := 2e-5
	if d.LoRA > 0 {
		rate = 2e-4
	}
	const any = math.MaxInt32
	if err := cmp.Or(
		positive("Epochs", &d.Epochs, 1, any), positive("TripletsPerAnchor", &d.TripletsPerAnchor, 4, any),
		positive("BatchSize", &d.BatchSize, 16, any), positive("LearningRate", &d.LearningRate, rate, 1),
		orNone("Warmup", &d.Warmup, 0.1, 1), orNone("WeightDecay", &d.WeightDecay, 0.01, 100), orNone("ClipNorm", &d.ClipNorm, 1, any),
		positive("LayerDecay", &d.LayerDecay, 1, 1), fromZero("TrainLayers", d.TrainLayers, layers), fromZero("LoRA", d.LoRA, 1024),
		fromZero("L2SP", d.L2SP, any), fromZero("DropSegments", d.DropSegments, 0.999), fromZero("LabelWeight", d.LabelWeight, any),
		fromZero("Threads", d.Threads, 1024), fromZero("Last", d.Last, any),
	); err != nil {
		return nil, fmt.Errorf("triplet: %w", err)
	}
	switch d.Schedule {
	case "":
		d.Schedule = LinearDecay
	case LinearDecay, ConstantRate, CosineDecay:
	default:
		return nil, fmt.Errorf("triplet: schedule %q, want linear, constant or cosine", d.Schedule)
	}
	switch {
	case d.MemoryLimit == 0:
		d.MemoryLimit = 2 << 30
	case d.MemoryLimit < 0:
		d.MemoryLimit = math.MaxInt64
	}
	if d.Attention && (d.Last > 0 || d.Trend) {
		return nil, errors.New("triplet: Attention with Last or Trend: leave out one, as attention finds the segments that count by itself")
	}
	if d.Objective != nil && d.Loss != (Loss{Distance: d.Loss.Distance}) {
		return nil, errors.New("triplet: both Loss and Objective: leave out one, or evaluate the Loss within the Objective")
	}
	var err error
	if d.Checkpoints != nil {
		if d.Checkpoints, err = d.Checkpoints.withDefaults(); err != nil {
			return nil, err
		}
	}
	d.Loss, err = d.Loss.withDefaults()
	return &d, err
}

// pooled are heads that read documents as the options say, without attention.
func (o *Options) pooled() *encoder.Heads { return &encoder.Heads{Last: o.Last, Trend: o.Trend} }

// positive gives an option its default if it is zero, and returns an error unless it is above 0 and at most high.
func positive[T int | float64](name string, x *T, standard, high T) error {
	if *x == 0 {
		*x = standard
	}
	if !(*x > 0 && *x <= high) {
		return fmt.Errorf("%s %v, want above 0 and at most %v", name, *x, high)
	}
	return nil
}

// orNone gives an option its default if it is zero, zero if it is negative, and returns an error if it is above high.
func orNone[T int | float64](name string, x *T, standard, high T) error {
	if *x == 0 {
		*x = standard
	}
	if *x != *x || *x > high {
		return fmt.Errorf("%s %v, want at most %v, or a negative number for none", name, *x, high)
	}
	*x = max(*x, 0)
	return nil
}

// fromZero returns an error unless an option is 0 to high.
func fromZero[T int | float64](name string, x, high T) error {
	if !(x >= 0 && x <= high) {
		return fmt.Errorf("%s %v, want 0 to %v", name, x, high)
	}
	return nil
}
