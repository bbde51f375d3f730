package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// A Prediction is a row of predictions: what was predicted for a call, when and by which version, and statistics that show
// changes of the calls without their text.
type Prediction struct {
	// UID names the prediction: a random text. A prediction whose UID is there already is not added again.
	UID         string
	CallID      string    // as the call has it; a call that is predicted again has several rows
	Time        time.Time // to the microsecond, in UTC
	Version     string    // of the predictor, as [conversion.Predictor.Version]
	Variant     string    // of an A/B test, "" without one
	Probability float64
	LogOdds     float64
	Turns       int      // of the call
	Words       int      // of all turns
	Warnings    []string // of the predictor, in its order; without commas
}

// Validate returns an error for a row that a database would reject or change.
func (p *Prediction) Validate() error {
	if p.UID == "" {
		return fmt.Errorf("the prediction for call %q has no UID", p.CallID)
	}
	for _, text := range append([]string{p.UID, p.CallID, p.Version, p.Variant}, p.Warnings...) {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return fmt.Errorf("prediction %q: %q is not UTF-8 or has NUL bytes", p.UID, text)
		}
	}
	if !(p.Probability >= 0 && p.Probability <= 1) || math.IsNaN(p.LogOdds) || math.IsInf(p.LogOdds, 0) {
		return fmt.Errorf("prediction %q: probability %v and log-odds %v, want one in [0, 1] and a finite number", p.UID, p.Probability, p.LogOdds)
	}
	return nil
}

var predictionColumns = []string{"uid", "call_id", "time", "version", "variant", "probability", "log_odds", "turns", "words", "warnings"}

// AddPredictions adds predictions, all or, after an error, none.
func (s *Store) AddPredictions(ctx context.Context, predictions []Prediction) error {
	rows := make([][]any, len(predictions))
	for i, p := range predictions {
		if err := p.Validate(); err != nil {
			return s.error(err)
		}
		rows[i] = []any{p.UID, p.CallID, p.Time.UnixMicro(), p.Version, p.Variant, p.Probability, p.LogOdds, p.Turns, p.Words, strings.Join(p.Warnings, ",")}
	}
	return s.error(s.transact(ctx, func(tx *sql.Tx) error {
		return insert(ctx, tx, "predictions", predictionColumns, rows)
	}))
}

// Predictions streams the predictions from the time from on and before the time to, in the order of their times; a zero
// to is no end. It ends with the first error.
func (s *Store) Predictions(ctx context.Context, from, to time.Time) iter.Seq2[Prediction, error] {
	end := int64(math.MaxInt64)
	if !to.IsZero() {
		end = to.UnixMicro()
	}
	query := "SELECT " + strings.Join(predictionColumns, ",") + " FROM predictions WHERE time >= $1 AND time < $2 ORDER BY time, uid"
	return func(yield func(Prediction, error) bool) {
		rows, err := s.db.QueryContext(ctx, query, from.UnixMicro(), end)
		for p, err := range scanned(rows, err, func() (Prediction, error) { return scanPrediction(rows) }) {
			if !yield(p, s.error(err)) {
				return
			}
		}
	}
}

func scanPrediction(rows *sql.Rows) (p Prediction, err error) {
	var micro int64
	var warnings string
	err = rows.Scan(&p.UID, &p.CallID, &micro, &p.Version, &p.Variant, &p.Probability, &p.LogOdds, &p.Turns, &p.Words, &warnings)
	p.Time = time.UnixMicro(micro).UTC()
	if warnings != "" {
		p.Warnings = strings.Split(warnings, ",")
	}
	return p, err
}
