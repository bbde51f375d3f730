package figure

import "testing"

func TestNumber(t *testing.T) {
	for want, got := range map[string]string{
		"−0.5": Number("%+.1f", -0.5), "0.0": Number("%+.1f", -0.04), "0": Number("%.0f", -0.4), "+12.0": Number("%+.1f", 12.0), "1e−05": Number("%.4g", 1e-5),
	} {
		if got != want {
			t.Errorf("number %q, want %q", got, want)
		}
	}
}

func TestPercent(t *testing.T) {
	for v, want := range map[float64][2]string{ // as a share and as a probability
		0: {"0%", "<1%"}, 1e-12: {"<1%", "<1%"}, 0.0049: {"<1%", "<1%"}, 0.005: {"<1%", "<1%"}, 0.0051: {"1%", "1%"}, 0.5: {"50%", "50%"},
		0.995: {">99%", ">99%"}, 0.994: {"99%", "99%"}, 0.9951: {">99%", ">99%"}, 1 - 1e-12: {">99%", ">99%"}, 1: {"100%", ">99%"},
	} {
		if got := [2]string{Percent(v), Chance(v)}; got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

func TestChances(t *testing.T) {
	for want, v := range map[string][2]float64{"97% to 99%": {0.97, 0.988}, "97%": {0.966, 0.974}, "99% or more": {0.99, 0.999}, "up to 4%": {0.001, 0.04}} {
		if got := Chances(v[0], v[1]); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}
