package figure

import (
	"fmt"
	"strings"
)

// Number formats a number as charts and pages show it; it is the last of the values. Below zero it has a minus sign, and what
// rounds to zero has no sign.
func Number(format string, values ...any) string {
	s := fmt.Sprintf(format, values...)
	if !strings.ContainsAny(s, "123456789") {
		return strings.TrimLeft(s, "+-")
	}
	return strings.ReplaceAll(s, "-", "−")
}

// Percent is a share, from 0 to 1, in per cent. What rounds to 0 or to 100 without being it is "<1%" or ">99%".
func Percent(share float64) string {
	s := fmt.Sprintf("%.0f%%", 100*share)
	switch {
	case s == "0%" && share > 0:
		return "<1%"
	case s == "100%" && share < 1:
		return ">99%"
	}
	return s
}

// Chance is a probability in per cent, which is never certain: 0 and 1 are "<1%" and ">99%" too.
func Chance(p float64) string {
	const least = 1e-9
	return Percent(min(max(p, least), 1-least))
}

// Chances is a range of probabilities as Chance writes them.
func Chances(from, to float64) string {
	low, high := Chance(from), Chance(to)
	switch {
	case low == high:
		return low
	case low == "<1%":
		return "up to " + high
	case high == ">99%":
		return low + " or more"
	}
	return low + " to " + high
}
