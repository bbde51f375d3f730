package triplet

import "math"

// Schedule names the learning rate schedule after the warm-up, during which the rate rises linearly.
type Schedule string

const (
	LinearDecay  Schedule = "linear"   // to zero after the last step
	ConstantRate Schedule = "constant" // unchanged
	CosineDecay  Schedule = "cosine"   // along half a cosine to zero after the last step
)

// factor returns the factor of the learning rate in a step, counted from 0, of total, of which warmup rise to 1.
func (s Schedule) factor(step, warmup, total int) float64 {
	if step < warmup {
		return float64(step+1) / float64(warmup+1)
	}
	done := float64(step-warmup) / float64(max(total-warmup, 1))
	switch s {
	case ConstantRate:
		return 1
	case CosineDecay:
		return (1 + math.Cos(math.Pi*done)) / 2
	default:
		return 1 - done
	}
}
