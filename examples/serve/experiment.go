package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate/sequential"
	"github.com/org/salesconv/transcript"
)

// control is the variant of the model at -models while an experiment runs.
const control = "control"

// A trial is the flags -variant and -share: a second model that a share of the calls is given to.
type trial struct {
	name  string
	dir   string
	share float64
}

// set reads NAME=DIR.
func (t *trial) set(text string) error {
	name, dir, ok := strings.Cut(text, "=")
	if !ok || name == "" || dir == "" || name == control {
		return fmt.Errorf("want NAME=DIR, with a name other than %s", control)
	}
	t.name, t.dir = name, dir
	return nil
}

func (t *trial) setShare(text string) (err error) {
	if t.share, err = strconv.ParseFloat(text, 64); err != nil || !(t.share > 0 && t.share < 1) {
		return fmt.Errorf("want a number between 0 and 1")
	}
	return nil
}

// An experiment divides calls between two models.
type experiment struct {
	trial
	model *model
}

// assign returns the model for a call and the name of its variant. All calls of a customer have the same, at every instance
// and after a restart; calls that name no customer go by their id. Those without either, whose outcome nobody could tell, are
// the first model's and of no variant. The name of the variant salts the hash, so that another experiment divides anew.
func (s *service) assign(id, customer string) (*model, string) {
	e, who := s.experiment, cmp.Or(customer, id)
	if e == nil || who == "" {
		return s.model, ""
	}
	if k, err := sequential.Assign(who, e.name, []float64{1 - e.share, e.share}); err != nil || k == 0 {
		return s.model, control
	}
	return e.model, e.name
}

// A part is the calls of a request that one predictor predicts, by their places.
type part struct {
	predictor *conversion.Predictor
	variant   string
	at        []int
}

// divide divides the calls of a request between the models.
func (s *service) divide(calls []transcript.Call) (parts []part) {
	number := map[string]int{}
	for i, c := range calls {
		m, variant := s.assign(c.ID, c.Metadata.Value("customer_id"))
		k, known := number[variant]
		if !known {
			k = len(parts)
			number[variant], parts = k, append(parts, part{predictor: m.predictor(), variant: variant})
		}
		parts[k].at = append(parts[k].at, i)
	}
	return parts
}

// predict predicts the calls of a request, each by the model that it is assigned, and returns the versions of these.
func (s *service) predict(ctx context.Context, calls []transcript.Call, byTurn bool) (all []conversion.Prediction, versions []string, err error) {
	all, versions = make([]conversion.Prediction, len(calls)), make([]string, len(calls))
	parts := s.divide(calls)
	for _, p := range parts {
		own := make([]transcript.Call, len(p.at))
		for k, i := range p.at {
			own[k] = calls[i]
		}
		var predictions []conversion.Prediction
		err := s.traces.work(ctx, len(own), func(ctx context.Context) (err error) {
			predictions, err = s.batcher.do(ctx, ticketOf(ctx).client, p.predictor, own, byTurn)
			return err
		})
		if err != nil {
			return nil, nil, err
		}
		for k, i := range p.at {
			all[i], versions[i] = predictions[k], p.predictor.Version()
		}
	}
	for _, p := range parts {
		for _, i := range p.at {
			s.predicted(versions[i], p.variant, calls[i], all[i])
		}
	}
	return all, versions, nil
}
