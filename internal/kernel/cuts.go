package kernel

// BestCut is the most that a cut of a histogram gains, or nearly that: the largest g²/(h+lambda) + G²/(H+lambda) of cuts
// with h and H at least least, 0 without any. g and h are start and the sums of some first bins, of one or more, of the
// first and the second derivatives; G and H are what is left of total. A bin is the word g<<32 + h if the histogram is
// packed, else the words g and h. No h is negative, and h+lambda must not be 0. It serves to leave out columns, without a
// part in results, so that back ends may differ by rounding.
func BestCut(h []int64, packed bool, start, total [2]int64, least int64, lambda float64) float64 {
	return active32.bestCut(h, packed, start, total, least, lambda)
}

func bestCutGeneric(h []int64, packed bool, start, total [2]int64, least int64, lambda float64) (best float64) {
	words := 2
	if packed {
		words = 1
	}
	for ; len(h) >= words; h = h[words:] {
		if packed {
			start[0] += h[0] >> 32
			start[1] += int64(uint32(h[0]))
		} else {
			start[0] += h[0]
			start[1] += h[1]
		}
		inner, outer := start[1], total[1]-start[1]
		if inner < least || outer < least {
			continue
		}
		g1, h1 := float64(start[0]), float64(inner)+lambda
		g2, h2 := float64(total[0]-start[0]), float64(outer)+lambda
		best = max(best, (g1*g1*h2+g2*g2*h1)/(h1*h2))
	}
	return best
}
