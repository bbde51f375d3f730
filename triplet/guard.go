package triplet

// Over how many steps a guard looks before it warns.
const guardSteps = 20

// guards are evaluated after each step. Each warns once, with a remedy.
var guards = []struct {
	mined bool // it is about losses of this package alone
	text  string
	bad   func(last []Step, first Step) bool
}{
	{false, "documents have collapsed to nearly one point: lower LearningRate or raise Warmup; batch_hard collapses sooner than other losses",
		every(func(s, _ Step) bool { return s.Cosine > 0.99 })},
	{true, "no triplet is active: the loss has nothing left to teach: stop earlier, raise Margin, or use batch_all or batch_hard",
		every(func(s, _ Step) bool { return s.Active == 0 })},
	{true, "every triplet has been active from the start: Margin is beyond the distances that occur: lower it",
		func(last []Step, first Step) bool {
			return last[0].Step > 5*guardSteps && first.Active == 1 && every(func(s, _ Step) bool { return s.Active == 1 })(last, first)
		}},
	{false, "the loss is exploding: lower LearningRate, or raise Warmup",
		every(func(s, first Step) bool { return s.Loss > 3*first.Loss+0.1 })},
}

// every asks that all of the last steps be bad.
func every(bad func(s, first Step) bool) func([]Step, Step) bool {
	return func(last []Step, first Step) bool {
		for _, s := range last {
			if !bad(s, first) {
				return false
			}
		}
		return true
	}
}

func (t *trainer) guard() {
	steps := t.history.Steps
	if len(steps) < guardSteps {
		return
	}
	for _, g := range guards {
		if !(g.mined && t.Objective != nil) && g.bad(steps[len(steps)-guardSteps:], steps[0]) {
			t.warn("%s", g.text)
		}
	}
}
