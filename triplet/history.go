package triplet

import "fmt"

// History is the course of a run, ready to be written as JSON.
type History struct {
	Steps     []Step `json:"steps"`
	Total     int    `json:"total"`     // steps that the run was to have
	Documents int    `json:"documents"` // trained on
	Segments  int    `json:"segments"`  // of these
	Tokens    int    `json:"tokens"`    // of these, [CLS] and [SEP] of each sequence included
	// Splits is the number of sequences beyond one for each segment, because it was too long for one.
	Splits int `json:"splits"`

	// Evaluations are by Options.Validation; the first is of the initial weights.
	Evaluations []Evaluation `json:"evaluations,omitempty"`
	// Best is the step whose weights the model has now.
	Best int `json:"best"`
	// Interpolation is the share of these weights in the model's, the rest being the initial weights.
	Interpolation float64 `json:"interpolation"`
	// Stopped is why the run ended before Total, other than by ctx.
	Stopped string `json:"stopped,omitempty"`
	// Resumed is the step of the checkpoint that the run resumed from.
	Resumed  int       `json:"resumed,omitempty"`
	Warnings []Warning `json:"warnings,omitempty"`
}

// Step reports one step of a run.
type Step struct {
	Step  int     `json:"step"`  // from 1
	Epoch int     `json:"epoch"` // from 1
	Total int     `json:"-"`     // steps that the run is to have
	Loss  float64 `json:"loss"`
	// Active is the share of the triplets or anchors whose loss is not zero yet.
	Active float64 `json:"active"`
	// Cosine is the mean cosine similarity of the batch's documents; near 1, the embeddings have collapsed.
	Cosine       float64 `json:"cosine"`
	GradNorm     float64 `json:"grad_norm"` // before clipping
	LearningRate float64 `json:"learning_rate"`
	Documents    int     `json:"documents"` // in the batch, each once
	Tokens       int     `json:"tokens"`    // in the batch
}

// Evaluation is the score of the weights after a step, on held-out documents.
type Evaluation struct {
	Step  int     `json:"step"`
	Score float64 `json:"score"`
}

// Warning is a problem that did not end the run, with a remedy.
type Warning struct {
	Step int    `json:"step"`
	Text string `json:"text"`
}

// warn notes a warning, the same one once.
func (t *trainer) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, w := range t.history.Warnings {
		if w.Text == text {
			return
		}
	}
	t.history.Warnings = append(t.history.Warnings, Warning{t.step, text})
}
