package tsne_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/org/salesconv/tsne"
	"gonum.org/v1/gonum/mat"
)

// twoGroups draws rows around two centres, alternately.
func twoGroups(n, d int) *mat.Dense {
	random := rand.New(rand.NewPCG(1, 2))
	x := mat.NewDense(n, d, nil)
	x.Apply(func(i, _ int, _ float64) float64 { return random.NormFloat64() + 8*float64(i%2) }, x)
	return x
}

func ExampleEmbed() {
	m, err := tsne.Embed(context.Background(), twoGroups(60, 10), &tsne.Options{
		Affinity: &tsne.AffinityOptions{Perplexity: 10},
		Seed:     1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// The first component of the start tells the groups apart, and they stay apart.
	left, right := 0, 0
	for i := range 60 {
		if m.Points.At(i, 0) < 0 {
			left++
		} else {
			right++
		}
	}
	fmt.Println(left, right, m.Iterations)
	// Output: 30 30 750
}

func ExampleAffinity_Layout() {
	ctx, x := context.Background(), twoGroups(60, 10)
	a, err := tsne.NewAffinity(ctx, x, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d points, perplexity %.2f\n", a.Len(), a.Perplexity)
	start, err := tsne.Start(ctx, x, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	// Without late iterations the exaggerated layout is returned: tight groups, far apart.
	for _, iterations := range []int{-1, 500} {
		m, err := a.Layout(ctx, start, &tsne.LayoutOptions{Iterations: iterations})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(m.Iterations, "iterations")
	}
	// Output:
	// 60 points, perplexity 19.67
	// 250 iterations
	// 750 iterations
}
