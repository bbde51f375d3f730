package triplet

// History is the course of a run, ready to be written as JSON.
type History struct {
	Steps     []Step `json:"steps"`
	Total     int    `json:"total"`     // steps that the run was to have
	Documents int    `json:"documents"` // trained on
	Segments  int    `json:"segments"`  // of these
	Pieces    int    `json:"pieces"`    // of these, [CLS] and [SEP] of each sequence included
	Splits    int    `json:"splits"`    // sequences beyond one for a segment, because it was too long for one
}

// Step is what one step did.
type Step struct {
	Step         int     `json:"step"`  // from 1
	Epoch        int     `json:"epoch"` // from 1
	Loss         float64 `json:"loss"`
	Active       float64 `json:"active"`    // share of the triplets or anchors that the loss still pulls at
	GradNorm     float64 `json:"grad_norm"` // before clipping
	LearningRate float64 `json:"learning_rate"`
	Documents    int     `json:"documents"` // in the batch, each once
	Pieces       int     `json:"pieces"`    // in the batch
}
