package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"
)

// A Decision is a row of decisions, the journal of which version serves and why.
type Decision struct {
	UID       string    // names the decision: a random text; one that is there already is not added again
	Time      time.Time // to the microsecond, in UTC
	Action    string    // such as promote, keep or rollback
	Serving   string    // version that served before, "" for none
	Candidate string    // version that was to serve
	Reason    string    // a sentence
	Figures   string    // JSON of what the decision rests on, "" without
}

var decisionColumns = []string{"uid", "time", "action", "serving", "candidate", "reason", "figures"}

// AddDecision adds a decision.
func (s *Store) AddDecision(ctx context.Context, d Decision) error {
	for _, text := range []string{d.UID, d.Action, d.Serving, d.Candidate, d.Reason, d.Figures} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return s.error(fmt.Errorf("decision %q: %q is not UTF-8 or has NUL bytes", d.UID, text))
		}
	}
	if d.UID == "" || d.Action == "" {
		return s.error(fmt.Errorf("decision %q to %q has no UID, or is about no action", d.UID, d.Action))
	}
	return s.error(s.transact(ctx, func(tx *sql.Tx) error {
		return insert(ctx, tx, "decisions", decisionColumns, [][]any{{d.UID, d.Time.UnixMicro(), d.Action, d.Serving, d.Candidate, d.Reason, d.Figures}})
	}))
}

// Decisions streams the journal, in the order of its times. It ends with the first error.
func (s *Store) Decisions(ctx context.Context) iter.Seq2[Decision, error] {
	return func(yield func(Decision, error) bool) {
		rows, err := s.db.QueryContext(ctx, "SELECT "+strings.Join(decisionColumns, ",")+" FROM decisions ORDER BY time, uid")
		all := scanned(rows, err, func() (d Decision, err error) {
			var micro int64
			err = rows.Scan(&d.UID, &micro, &d.Action, &d.Serving, &d.Candidate, &d.Reason, &d.Figures)
			d.Time = time.UnixMicro(micro).UTC()
			return d, err
		})
		for d, err := range all {
			if !yield(d, s.error(err)) {
				return
			}
		}
	}
}
