package evaluate

import (
	"fmt"
	"math"
)

// A CalibrationBin compares predicted with observed frequencies, for rows of neighbouring probabilities.
type CalibrationBin struct {
	Rows      int     `json:"rows"`
	From      float64 `json:"from"` // lowest and highest probability
	To        float64 `json:"to"`
	Predicted float64 `json:"predicted"` // mean probability
	Observed  float64 `json:"observed"`  // share of label 1
	Low       float64 `json:"low"`       // 95% Wilson interval of the share
	High      float64 `json:"high"`
}

// CalibrationTable sorts the rows by probability and cuts them into bins of equal size, as far as ties allow. The
// second result is the expected calibration error: the mean distance between predicted and observed over the rows.
func CalibrationTable(p []float64, y []int, bins int) ([]CalibrationBin, float64, error) {
	if err := checkScores(p, y); err != nil {
		return nil, 0, err
	}
	if bins < 1 || bins > len(p) {
		return nil, 0, fmt.Errorf("evaluate: %d bins of %d rows, want 1 to the number of rows", bins, len(p))
	}
	steps := scoreSteps(p, y)
	var table []CalibrationBin
	var bin CalibrationBin
	distance, before := 0.0, 0
	for k := len(steps) - 1; k >= 0; k-- {
		s := steps[k]
		if bin.Rows == 0 {
			bin.From = s.score
		}
		bin.To = s.score
		bin.Predicted += s.score * float64(s.positive+s.negative)
		bin.Observed += float64(s.positive)
		bin.Rows += s.positive + s.negative
		if full := (before+bin.Rows)*bins >= (len(table)+1)*len(p); !full && k > 0 {
			continue
		}
		before += bin.Rows
		bin.Low, bin.High = wilson(bin.Observed, float64(bin.Rows))
		distance += math.Abs(bin.Predicted - bin.Observed)
		bin.Predicted /= float64(bin.Rows)
		bin.Observed /= float64(bin.Rows)
		table, bin = append(table, bin), CalibrationBin{}
	}
	return table, distance / float64(len(p)), nil
}

// wilson is the 95% interval of a share (Wilson 1927).
func wilson(hits, n float64) (low, high float64) {
	const z = 1.959963984540054
	p := hits / n
	centre := p + z*z/(2*n)
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, (centre-half)/(1+z*z/n)), min(1, (centre+half)/(1+z*z/n))
}

// A LiftPoint is the result of calling the highest-scored rows.
type LiftPoint struct {
	Rows      int     `json:"rows"` // called, the highest-scored first
	Share     float64 `json:"share"`
	Threshold float64 `json:"threshold"` // the lowest probability among them
	Precision float64 `json:"precision"` // share of label 1 among them
	Lift      float64 `json:"lift"`      // precision over the share of label 1 in all rows
	Gain      float64 `json:"gain"`      // share of all rows of label 1 that is among them
}

// Lift returns parts points, for 1/parts, 2/parts, … of the rows, the highest-scored first. Where rows of equal score
// lie on both sides of a limit, they count by their average, so the order of the rows does not matter.
func Lift(p []float64, y []int, parts int) ([]LiftPoint, error) {
	if err := checkScores(p, y); err != nil {
		return nil, err
	}
	if parts < 1 || parts > len(p) {
		return nil, fmt.Errorf("evaluate: %d parts of %d rows, want 1 to the number of rows", parts, len(p))
	}
	steps := scoreSteps(p, y)
	total := 0
	for _, label := range y {
		total += label
	}
	base := float64(total) / float64(len(p))
	points := make([]LiftPoint, parts)
	k, called, hits := 0, 0, 0 // the steps that are called whole
	for i := range points {
		rows := (i + 1) * len(p) / parts
		for called+steps[k].positive+steps[k].negative < rows {
			called += steps[k].positive + steps[k].negative
			hits += steps[k].positive
			k++
		}
		s := steps[k]
		found := float64(hits) + float64(rows-called)*float64(s.positive)/float64(s.positive+s.negative)
		precision := found / float64(rows)
		points[i] = LiftPoint{
			Rows: rows, Share: float64(rows) / float64(len(p)), Threshold: s.score,
			Precision: precision, Lift: precision / base, Gain: found / float64(total),
		}
	}
	return points, nil
}

// A ProfitPoint is the profit of calling all rows whose probability is at least the threshold.
type ProfitPoint struct {
	Threshold float64 `json:"threshold"`
	Rows      int     `json:"rows"`
	Profit    float64 `json:"profit"`
}

// Profit returns the profit at every threshold, descending, where each call costs cost and a call of label 1 earns gain;
// the curve starts with calling nobody. The best point is the second result.
func Profit(p []float64, y []int, gain, cost float64) (curve []ProfitPoint, best ProfitPoint, err error) {
	if err := checkScores(p, y); err != nil {
		return nil, best, err
	}
	if math.IsNaN(gain-cost) || math.IsInf(gain-cost, 0) {
		return nil, best, fmt.Errorf("evaluate: gain %v and cost %v, want finite numbers", gain, cost)
	}
	best = ProfitPoint{Threshold: math.Nextafter(1, 2)}
	curve = append(curve, best)
	at := best
	for _, s := range scoreSteps(p, y) {
		at.Threshold = s.score
		at.Rows += s.positive + s.negative
		at.Profit += float64(s.positive)*gain - float64(s.positive+s.negative)*cost
		curve = append(curve, at)
		if at.Profit > best.Profit {
			best = at
		}
	}
	return curve, best, nil
}
