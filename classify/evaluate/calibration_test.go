package evaluate

import (
	"math"
	"testing"
)

func TestCalibrationTable(t *testing.T) {
	p := []float64{0.1, 0.1, 0.1, 0.2, 0.6, 0.7, 0.8, 0.9}
	y := []int{0, 0, 1, 0, 1, 0, 1, 1}
	table, distance, err := CalibrationTable(p, y, 4)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, b := range table {
		rows += b.Rows
		if b.From > b.To || b.Low > b.Observed || b.High < b.Observed {
			t.Errorf("bin %+v", b)
		}
	}
	if rows != 8 || table[0].Rows != 3 || table[0].To != 0.1 || math.Abs(table[0].Observed-1.0/3) > 1e-15 {
		t.Errorf("table %+v, want the three ties together", table)
	}
	if one, d, _ := CalibrationTable(p, y, 1); len(one) != 1 || math.Abs(d-math.Abs(3.5-4)/8) > 1e-15 || distance < d {
		t.Errorf("one bin: %+v, error %v", one, d)
	}
	// Wilson's interval of 4 in 8.
	if one, _, _ := CalibrationTable(p, y, 1); math.Abs(one[0].Low-0.2152) > 1e-4 || math.Abs(one[0].High-0.7848) > 1e-4 {
		t.Errorf("interval [%.4f, %.4f]", one[0].Low, one[0].High)
	}
}

func TestLift(t *testing.T) {
	p := []float64{0.9, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1}
	y := []int{1, 1, 1, 0, 0, 1, 0, 0}
	points, err := Lift(p, y, 4)
	if err != nil {
		t.Fatal(err)
	}
	// Two rows: the first, and one of four that tie, half of them of label 1.
	if points[0].Rows != 2 || points[0].Precision != 0.75 || points[0].Lift != 1.5 || points[0].Gain != 0.375 {
		t.Errorf("first quarter %+v", points[0])
	}
	if last := points[3]; last.Gain != 1 || last.Lift != 1 || last.Share != 1 {
		t.Errorf("all rows %+v", last)
	}
}

func TestProfit(t *testing.T) {
	curve, best, err := Profit([]float64{0.9, 0.8, 0.3, 0.3}, []int{1, 0, 1, 0}, 10, 4)
	if err != nil {
		t.Fatal(err)
	}
	if len(curve) != 4 || curve[0].Profit != 0 || curve[1].Profit != 6 || curve[2].Profit != 2 || curve[3].Profit != 4 || best.Threshold != 0.9 {
		t.Errorf("curve %+v, best %+v", curve, best)
	}
	if _, best, _ := Profit([]float64{0.9, 0.1}, []int{1, 0}, 1, 4); best.Rows != 0 || best.Threshold <= 1 {
		t.Errorf("where calls lose: best %+v, want none", best)
	}
}
