package triplet

import (
	"errors"
	"fmt"
	"io"

	"github.com/org/salesconv/internal/figure"
)

// WritePNG draws the run over its steps: running means of the loss and of Active, each over a twentieth of the steps, and
// the held-out score if there is one.
func (h *History) WritePNG(w io.Writer) error {
	if h == nil || w == nil || len(h.Steps) == 0 {
		return errors.New("triplet: a history without steps cannot be drawn, nor where the writer is nil")
	}
	loss, active := figure.Curve{Name: "loss"}, figure.Curve{Name: "active share"}
	for _, s := range h.Steps {
		loss.X, loss.Y = append(loss.X, float64(s.Step)), append(loss.Y, s.Loss)
		active.X, active.Y = loss.X, append(active.Y, s.Active)
	}
	loss.Y, active.Y = figure.Running(loss.Y), figure.Running(active.Y)
	curves := []figure.Curve{loss, active}
	if len(h.Evaluations) > 0 {
		score := figure.Curve{Name: "held-out score", Dots: true}
		for _, e := range h.Evaluations {
			score.X, score.Y = append(score.X, float64(e.Step)), append(score.Y, e.Score)
		}
		curves = append(curves, score)
	}
	f, err := figure.Curves("Fine-tuning", "step", "", curves, nil)
	if err == nil {
		err = f.Write(w, "png")
	}
	if err != nil {
		return fmt.Errorf("triplet: %w", err)
	}
	return nil
}
