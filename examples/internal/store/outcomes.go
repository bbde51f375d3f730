package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// An Outcome is a row of outcomes: one record of how a call ended. Records of a call may contradict each other: all are kept,
// and the one with the latest time applies; of records of the same time, the one that was added last.
type Outcome struct {
	CallID string
	// Time is when the outcome became known; zero means the time at which it is added. A record without a time that
	// repeats the outcome that applies is not added again.
	Time     time.Time
	Won      bool
	Metadata map[string]string // of the call, such as its industry, by which reports divide calls; may be nil
}

// Added counts what AddOutcomes did with records.
type Added struct {
	New          int `json:"new"`          // kept
	Repeated     int `json:"repeated"`     // are there already
	Contradicted int `json:"contradicted"` // new ones of calls that another record gives the other outcome
	Unpredicted  int `json:"unpredicted"`  // new ones of calls without a prediction so far
}

// AddOutcomes adds records that arrive at the time now, all or, after an error, none. Outcomes may arrive before or
// after the predictions of their calls.
func (s *Store) AddOutcomes(ctx context.Context, outcomes []Outcome, now time.Time) (added Added, err error) {
	for i := range outcomes {
		if err := outcomes[i].validate(); err != nil {
			return Added{}, s.error(err)
		}
	}
	err = s.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, s.lock); err != nil {
			return err
		}
		added = Added{}
		for i, o := range outcomes {
			if err := addOutcome(ctx, tx, o, now.UnixMicro()+int64(i), &added); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Added{}, s.error(err)
	}
	return added, nil
}

func (o *Outcome) validate() error {
	texts := []string{o.CallID}
	for k, v := range o.Metadata {
		texts = append(texts, k, v)
	}
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return fmt.Errorf("outcome of call %q: %q is not UTF-8 or has NUL bytes", o.CallID, text)
		}
	}
	if o.CallID == "" {
		return fmt.Errorf("an outcome names no call")
	}
	return nil
}

// addOutcome adds one record, while no other program adds any. Records are counted in the order in which they are recorded,
// in microseconds.
func addOutcome(ctx context.Context, tx *sql.Tx, o Outcome, recorded int64, added *Added) error {
	known, err := collect(scanOutcomes(tx.QueryContext(ctx, outcomeQuery+" WHERE call_id = $1 ORDER BY time, recorded", o.CallID)))
	if err != nil {
		return err
	}
	repeats := func(k Outcome) bool { return k.Won == o.Won && k.Time.UnixMicro() == o.Time.UnixMicro() }
	if n := len(known); o.Time.IsZero() && n > 0 && known[n-1].Won == o.Won || slices.ContainsFunc(known, repeats) {
		added.Repeated++
		return nil
	}
	if o.Time.IsZero() {
		o.Time = time.UnixMicro(recorded)
	}
	metadata, err := json.Marshal(o.Metadata)
	if err != nil {
		return err
	}
	won := 0
	if o.Won {
		won = 1
	}
	columns := []string{"call_id", "time", "won", "recorded", "metadata"}
	if err := insert(ctx, tx, "outcomes", columns, [][]any{{o.CallID, o.Time.UnixMicro(), won, recorded, string(metadata)}}); err != nil {
		return err
	}
	added.New++
	if slices.ContainsFunc(known, func(k Outcome) bool { return k.Won != o.Won }) {
		added.Contradicted++
	}
	var predictions int
	if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM predictions WHERE call_id = $1", o.CallID).Scan(&predictions); err != nil {
		return err
	}
	if predictions == 0 {
		added.Unpredicted++
	}
	return nil
}

const outcomeQuery = "SELECT call_id, time, won, metadata FROM outcomes"

// Outcomes returns the outcome of each call that applies, by the IDs of the calls, and how many calls have records that
// contradict each other.
func (s *Store) Outcomes(ctx context.Context) (apply map[string]Outcome, contradicted int, err error) {
	apply = map[string]Outcome{}
	both := map[string]bool{}
	for o, err := range scanOutcomes(s.db.QueryContext(ctx, outcomeQuery+" ORDER BY time, recorded")) {
		if err != nil {
			return nil, 0, s.error(err)
		}
		if before, known := apply[o.CallID]; known && before.Won != o.Won {
			both[o.CallID] = true
		}
		apply[o.CallID] = o
	}
	return apply, len(both), nil
}

// scanOutcomes streams the rows of an outcomeQuery, and closes them.
func scanOutcomes(rows *sql.Rows, err error) iter.Seq2[Outcome, error] {
	return scanned(rows, err, func() (o Outcome, err error) {
		var micro int64
		var won int
		var metadata string
		if err := rows.Scan(&o.CallID, &micro, &won, &metadata); err != nil {
			return o, err
		}
		o.Time, o.Won = time.UnixMicro(micro).UTC(), won == 1
		return o, json.Unmarshal([]byte(metadata), &o.Metadata)
	})
}
