package kernel

// BestCut returns the largest gain g²/(h+lambda) + G²/(H+lambda) of the cuts of a histogram in which h and H are at least
// least, or 0 if there is none. A cut comes after a bin: g and h are start plus the sums of the first and second derivatives
// of the bins up to it, G and H are the rest of total. A bin is the word g<<32 + h if the histogram is packed, otherwise the
// words g and h. No h may be negative and h+lambda must not be 0. Back ends may differ by rounding, so the result may only
// be used to rule out columns.
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
