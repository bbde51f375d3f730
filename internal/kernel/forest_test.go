package kernel

import (
	"fmt"
	"math"
	"testing"
)

// walkDown is what AddRows does, a row and a tree at a time, from the definition of a Forest.
func walkDown(f *Forest, tree int, row []float32) float32 {
	place := 1
	for range f.Levels {
		i := tree*TreeSize + place
		v := float64(row[f.Feature[i]&^MissingRight])
		right := v >= float64(f.Threshold[i]) || math.IsNaN(v) && f.Feature[i]&MissingRight != 0
		place *= 2
		if right {
			place++
		}
	}
	return f.Leaf[tree*TreeSize+place%TreeSize]
}

func TestForest(t *testing.T) {
	eachBackend(t, func(t *testing.T, _ *Pool) {
		rng := newSource[float32]()
		for _, width := range []int{1, 7, 40} {
			for levels := 1; levels <= 6; levels++ {
				for _, trees := range []int{0, 1, 2, 5} {
					f := &Forest{Levels: levels, Threshold: rng.normal(trees * TreeSize), Leaf: rng.normal(trees * TreeSize)}
					for range trees * TreeSize {
						f.Feature = append(f.Feature, uint32(rng.IntN(width))|uint32(rng.IntN(2))*MissingRight)
					}
					rows, check := guarded[float32](t, ForestRows*width)
					copy(rows, rng.normal(len(rows)))
					for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0} {
						rows[rng.IntN(len(rows))] = v
					}
					if trees > 0 { // an equal value goes right
						rows[3*width+int(f.Feature[1]&^MissingRight)] = f.Threshold[1]
					}
					margins, checkMargins := guarded[float32](t, ForestRows)
					margin := (*[ForestRows]float32)(margins)
					copy(margin[:], rng.normal(ForestRows))
					want := *margin
					for k := range want {
						for tree := range trees {
							want[k] += walkDown(f, tree, rows[k*width:(k+1)*width])
						}
					}
					for k, m := range margin {
						if got := f.AddRow(rows[k*width:(k+1)*width], m); got != want[k] {
							t.Fatalf("row %d alone: %v, want %v", k, got, want[k])
						}
					}
					f.AddRows(rows, width, margin)
					check()
					checkMargins()
					if *margin != want {
						t.Fatalf("%s: %v, want %v", fmt.Sprintf("%d trees of %d levels, %d columns", trees, levels, width), *margin, want)
					}
				}
			}
		}
	})
}
