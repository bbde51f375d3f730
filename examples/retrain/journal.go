package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/store"
)

// Actions of the journal.
const (
	promoted    = "promote"
	kept        = "keep"
	rolledBack  = "rollback"
	interrupted = "interrupted" // the decision before was not carried out
)

// journal is what was decided so far.
type journal struct {
	store     *store.Store
	decisions []store.Decision
}

// openJournal reads the journal. If a run was killed between a decision and its exchange of versions, it adds a row for that.
func openJournal(ctx context.Context, s *store.Store, v *versions) (*journal, error) {
	j := &journal{store: s}
	for d, err := range s.Decisions(ctx) {
		if err != nil {
			return nil, err
		}
		j.decisions = append(j.decisions, d)
	}
	serving := v.serving.Version()
	if n := len(j.decisions); n > 0 {
		if last := j.decisions[n-1]; (last.Action == promoted || last.Action == rolledBack) && last.Candidate != serving {
			_, err := j.add(ctx, interrupted, serving, last.Candidate, fmt.Sprintf("the version of the last decision (%s) does not serve: the run was interrupted, or another program exchanged the version", last.Action), nil)
			return j, err
		}
	}
	return j, nil
}

// add writes a decision.
func (j *journal) add(ctx context.Context, action, serving, candidate, reason string, figures any) (store.Decision, error) {
	d := store.Decision{UID: rand.Text(), Time: time.Now().UTC().Truncate(time.Microsecond), Action: action, Serving: serving, Candidate: candidate, Reason: reason}
	if figures != nil {
		b, err := json.Marshal(figures)
		if err != nil {
			return d, err
		}
		d.Figures = string(b)
	}
	if n := len(j.decisions); n > 0 && !d.Time.After(j.decisions[n-1].Time) { // the journal is in the order of its times
		d.Time = j.decisions[n-1].Time.Add(time.Microsecond)
	}
	if err := j.store.AddDecision(ctx, d); err != nil {
		return d, err
	}
	j.decisions = append(j.decisions, d)
	return d, nil
}

// last returns the last decision of an action that made a version serve, if there is one.
func (j *journal) last(action, candidate string) (found store.Decision, ok bool) {
	for _, d := range j.decisions {
		if d.Action == action && d.Candidate == candidate {
			found, ok = d, true
		}
	}
	return found, ok
}

// wasRolledBack reports whether a version served and was rolled back.
func (j *journal) wasRolledBack(version string) bool {
	for _, d := range j.decisions {
		if d.Action == rolledBack && d.Serving == version {
			return true
		}
	}
	return false
}

// line is what the command writes of a decision.
type line struct {
	Action    string          `json:"action"`
	Serving   string          `json:"serving_before"`
	Candidate string          `json:"candidate"`
	Reason    string          `json:"reason"`
	Figures   json.RawMessage `json:"figures,omitempty"`
}

func write(env *cli.Env, d store.Decision) error {
	return cli.WriteJSON(env.Stdout, line{d.Action, d.Serving, d.Candidate, d.Reason, json.RawMessage(d.Figures)})
}

// rollback lets the version serve that served before the one that serves.
func rollback(ctx context.Context, env *cli.Env, v *versions, j *journal) error {
	serving := v.serving.Version()
	promotion, ok := j.last(promoted, serving)
	if !ok {
		return fmt.Errorf("version %s was not promoted by this command: there is none to go back to", serving)
	}
	before := promotion.Serving
	if _, err := v.read(versionsDir, before); err != nil { // before anything is put down
		return fmt.Errorf("%s: %w", v.path(versionsDir, before), err)
	}
	d, err := j.add(ctx, rolledBack, serving, before, "as asked", nil)
	if err != nil {
		return err
	}
	if err := v.serve(before); err != nil {
		return err
	}
	return write(env, d)
}
