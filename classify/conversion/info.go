package conversion

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"runtime/debug"
	"slices"
	"time"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
)

// format is the version of the layout of a saved predictor, raised with every change of the fields of any of its files. The
// first format had no number.
const format = 6

// Info describes a predictor and how it was trained.
type Info struct {
	Format int `json:"format"` // version of the layout of files
	// Software is the module and version that trained the predictor, from the build information.
	Software string   `json:"software"`
	Options  Settings `json:"options"`
	Data     Data     `json:"data"`
	Encoder  Base     `json:"generic_encoder"`
	Heads    []Head   `json:"heads"`

	// OutOfFold evaluates the training calls, each predicted by heads and weights that were not trained on it.
	OutOfFold Figures  `json:"out_of_fold"`
	HeldOut   *Figures `json:"held_out,omitempty"` // of Options.HeldOut, if any
	// DuringCall describes and evaluates the model of calls in progress.
	DuringCall *DuringCall `json:"during_call"`
	// Refitted reports that the predictor was fitted again with the held-out calls among its training calls; HeldOut
	// evaluates the predictor before. See [Report.Refit].
	Refitted bool `json:"refitted"`
	// Threshold is the least probability at which a call is predicted to be won. Out of fold, as many training calls reach
	// it as were won, so precision and recall are about equal, whatever the share of calls won. Where nothing can be
	// predicted, all probabilities are the same, and all calls reach the threshold or none does.
	Threshold float64 `json:"threshold"`

	// Created is when Fit ended. It is kept in created.json, which is not part of the Version.
	Created time.Time `json:"-"`
}

// Settings are the options of Fit as they were used.
type Settings struct {
	Seed     uint64          `json:"seed"`
	Folds    int             `json:"folds"`
	Groups   int             `json:"groups"` // of calls that stay together in folds
	Unmasked bool            `json:"unmasked"`
	Tuning   *TuningSettings `json:"fine_tuning,omitempty"` // nil for Options.Frozen
}

// TuningSettings are the settings of the last fine-tuning run: the fields of [triplet.Options].
type TuningSettings struct {
	Loss     triplet.LossKind `json:"loss"`
	Distance triplet.Distance `json:"distance"`
	Soft     bool             `json:"soft_margin"`
	// Margin of the loss; 0: its default for the loss and the distance.
	Margin            float64          `json:"margin,omitempty"`
	Epochs            int              `json:"epochs"`
	TripletsPerAnchor int              `json:"triplets_per_anchor"`
	BatchSize         int              `json:"batch_size"`
	LearningRate      float64          `json:"learning_rate"`
	Schedule          triplet.Schedule `json:"schedule"`
	Warmup            float64          `json:"warmup"`
	WeightDecay       float64          `json:"weight_decay"`
	ClipNorm          float64          `json:"clip_norm"`
	LayerDecay        float64          `json:"layer_decay"`
	TrainLayers       int              `json:"train_layers"` // 0: all
	LoRA              int              `json:"lora"`
	L2SP              float64          `json:"l2_sp"`
	DropSegments      float64          `json:"drop_segments"`
	Dropout           bool             `json:"dropout"`
	Attention         bool             `json:"attention"`
	Last              int              `json:"last"`
	Trend             bool             `json:"trend"`
	LabelWeight       float64          `json:"label_weight"`
	Tasks             []string         `json:"tasks,omitempty"`
	Confounders       int              `json:"confounders,omitempty"`
	Share             float64          `json:"share"` // of fine-tuned weights in what is saved: see [Tuning]
}

// Data are the training calls.
type Data struct {
	Calls  int    `json:"calls"`
	Won    int    `json:"won"`
	Turns  int    `json:"turns"`
	SHA256 string `json:"sha256"` // of calls, labels and groups
}

// Base is the generic encoder.
type Base struct {
	Name    string `json:"name,omitempty"`
	License string `json:"license,omitempty"` // as its model card names it
	SHA256  string `json:"sha256"`            // of configuration and weights
}

// A Head is the classifier of a block; the predictor adds up the weighted log-odds of its heads.
type Head struct {
	Key    string  `json:"key"` // of its block
	Title  string  `json:"title"`
	Weight float64 `json:"weight"`
}

// Figures evaluate predictions of calls. Where few calls are won, PRAUC matters most: chance gives Won/Calls. Where
// LogLoss is above BaseLogLoss, nothing can be predicted.
type Figures struct {
	Calls       int     `json:"calls"`
	Won         int     `json:"won"`
	ROCAUC      float64 `json:"roc_auc"`
	PRAUC       float64 `json:"pr_auc"`
	LogLoss     float64 `json:"log_loss"`
	BaseLogLoss float64 `json:"base_log_loss"` // of the share of these calls that were won
	Brier       float64 `json:"brier"`
	Precision   float64 `json:"precision"` // at the threshold, as are the following
	Recall      float64 `json:"recall"`
	Accuracy    float64 `json:"accuracy"`
}

// Predicts reports whether calls are predicted better than by chance: LogLoss is below BaseLogLoss, and the ROC AUC is above
// 0.5 with a one-sided p below 0.05 (Mann and Whitney 1947).
func (f *Figures) Predicts() bool {
	won, lost := float64(f.Won), float64(f.Calls-f.Won)
	return f.LogLoss < f.BaseLogLoss && f.ROCAUC > 0.5+1.645*math.Sqrt((won+lost+1)/(12*won*lost))
}

// newFigures evaluates probabilities against the outcomes of the calls.
func newFigures(p []float64, y []int, threshold float64) (Figures, error) {
	m, err := evaluate.EvaluateAt(p, y, threshold)
	if err != nil {
		return Figures{}, err
	}
	won := 0
	for _, label := range y {
		won += label
	}
	share := float64(won) / float64(len(y))
	base := -share*math.Log(share) - (1-share)*math.Log(1-share)
	return Figures{len(y), won, m.ROCAUC, m.PRAUC, m.LogLoss, base, m.Brier, m.Precision, m.Recall, m.Accuracy}, nil
}

// prior is the log-odds of the share of training calls that were won.
func (i *Info) prior() float64 {
	return math.Log(float64(i.Data.Won) / float64(i.Data.Calls-i.Data.Won))
}

// settings returns the options of a recipe as they were used.
func settings(t *triplet.Options) *TuningSettings {
	s := &TuningSettings{
		Loss: cmp.Or(t.Loss.Kind, triplet.Triplets), Distance: cmp.Or(t.Loss.Distance, triplet.Cosine), Soft: t.Loss.Soft, Margin: t.Loss.Margin,
		Epochs: t.Epochs, TripletsPerAnchor: t.TripletsPerAnchor, BatchSize: t.BatchSize, LearningRate: t.LearningRate, Schedule: t.Schedule,
		Warmup: t.Warmup, WeightDecay: t.WeightDecay, ClipNorm: t.ClipNorm, LayerDecay: t.LayerDecay, TrainLayers: t.TrainLayers, LoRA: t.LoRA,
		L2SP: t.L2SP, DropSegments: t.DropSegments, Dropout: !t.NoDropout, Attention: t.Attention, Last: t.Last, Trend: t.Trend, LabelWeight: t.LabelWeight, Confounders: len(t.Confounders),
	}
	for _, task := range t.Tasks {
		s.Tasks = append(s.Tasks, task.Name)
	}
	return s
}

const module = "github.com/org/salesconv"

// software names this module and its version, "(devel)" for one that is built from a directory without a version.
func software() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return module
	}
	for _, m := range append(build.Deps, &build.Main) {
		if m.Path == module {
			return module + " " + cmp.Or(m.Version, "(devel)")
		}
	}
	return module
}

// digestCalls is the SHA-256 of labelled calls and their groups.
func digestCalls(calls []transcript.Call, groups []string) (string, error) {
	h := sha256.New()
	e := json.NewEncoder(h)
	for i := range calls {
		if err := e.Encode(calls[i]); err != nil {
			return "", err
		}
	}
	err := e.Encode(groups)
	return hex.EncodeToString(h.Sum(nil)), err
}

// embeddedSHA256 is digestEncoder of the embedded encoder, which would take longer than to load it.
const embeddedSHA256 = "4a46e84183271cab72507e8dc085d62cfbc6ac87680ac239ad731831adb1d182"

// digestEncoder is the SHA-256 of a model's configuration and weights.
func digestEncoder(m *encoder.Model) (string, error) {
	h := sha256.New()
	var buffer []byte
	if err := json.NewEncoder(h).Encode(m.Config()); err != nil {
		return "", err
	}
	for _, p := range m.Parameters() {
		h.Write([]byte(p.Name))
		for w := range slices.Chunk(p.Value.Data().([]float32), 4096) {
			var err error
			if buffer, err = binary.Append(buffer[:0], binary.LittleEndian, w); err != nil {
				return "", err
			}
			h.Write(buffer)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
