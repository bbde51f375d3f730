package kernel

import "math"

// AdamWStep is one step of Adam with decoupled weight decay (Loshchilov and Hutter 2019).
type AdamWStep struct {
	LearningRate, Beta1, Beta2, Epsilon, WeightDecay float64

	Step          int     // 1 for the first
	GradientScale float64 // gradients are multiplied by this first, as clipping asks; 0 means 1
}

// adamW holds the step's factors as the loops use them.
type adamW[T Float] struct {
	gradient     T // the gradient's scale
	beta1, beta2 T
	decay        T // 1 - rate·decay
	rate         T // learning rate over the first moment's bias correction
	root         T // 1/√ of the second moment's bias correction
	epsilon      T
}

// AdamW updates the weights w and their moments m and v by the gradient g.
func AdamW[T Float](pool *Pool, w, g, m, v []T, step AdamWStep) {
	be := active[T]()
	n := len(w)
	g, m, v = g[:n], m[:n], v[:n]
	if step.GradientScale == 0 {
		step.GradientScale = 1
	}
	t := float64(step.Step)
	c := &adamW[T]{
		gradient: T(step.GradientScale), beta1: T(step.Beta1), beta2: T(step.Beta2),
		decay:   T(1 - step.LearningRate*step.WeightDecay),
		rate:    T(step.LearningRate / (1 - math.Pow(step.Beta1, t))),
		root:    T(1 / math.Sqrt(1-math.Pow(step.Beta2, t))),
		epsilon: T(step.Epsilon),
	}
	forSpans(pool, n, func(i, j int) { be.adamW(w[i:j], g[i:j], m[i:j], v[i:j], c) })
}
