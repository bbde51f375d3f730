package kernel

import "testing"

func TestEmbed(t *testing.T) {
	eachBackend(t, func(t *testing.T, pool *Pool) {
		rng := newSource[float32]()
		const vocabulary, positions, width = 50, 9, 37
		word, position, kind := rng.normal(vocabulary*width), rng.normal(positions*width), rng.normal(2*width)
		ids, offsets := []int{3, 49, 3, 0, 7, 3, 1}, []int{0, 4, 4, 5, 7}
		y, check := guarded[float32](t, len(ids)*width)
		Embed(pool, ids, offsets, word, position, kind, width, y)
		check()
		at := []int{0, 1, 2, 3, 0, 0, 1} // positions of the tokens
		for i, id := range ids {
			for c := range width {
				if want := word[id*width+c] + kind[c] + position[at[i]*width+c]; y[i*width+c] != want {
					t.Fatalf("token %d, column %d: %g, want %g", i, c, y[i*width+c], want)
				}
			}
		}

		dy := rng.normal(len(ids) * width)
		wantWord, wantPosition, wantKind := make([]float64, vocabulary*width), make([]float64, positions*width), make([]float64, 2*width)
		for i, id := range ids {
			for c := range width {
				d := float64(dy[i*width+c])
				wantWord[id*width+c] += d
				wantPosition[at[i]*width+c] += d
				wantKind[c] += d
			}
		}
		dword, checkWord := guarded[float32](t, vocabulary*width)
		dposition, checkPosition := guarded[float32](t, positions*width)
		dkind, checkKind := guarded[float32](t, 2*width)
		earlier := []int{3, 20, 49}
		EmbedBackward(pool, earlier, []int{0, 3}, rng.normal(3*width), width, nil, dword, dposition, dkind)
		EmbedBackward(pool, ids, offsets, dy, width, earlier, dword, dposition, dkind)
		near(t, "dword", dword, wantWord, 1e-6)
		near(t, "dposition", dposition, wantPosition, 1e-6)
		near(t, "dtokenType", dkind, wantKind, 1e-6)
		checkWord()
		checkPosition()
		checkKind()
	})
}
