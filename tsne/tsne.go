package tsne

import (
	"context"

	"gonum.org/v1/gonum/mat"
)

// Options are the settings of Embed. A nil pointer means the defaults.
type Options struct {
	Affinity *AffinityOptions // nil: the defaults
	Layout   *LayoutOptions   // nil: the defaults
	Seed     uint64           // of the noise in the start. Default 0.
}

// Embed lays the rows of x out in the plane: NewAffinity, then Start, then Layout.
func Embed(ctx context.Context, x mat.Matrix, opts *Options) (*Map, error) {
	var o Options
	if opts != nil {
		o = *opts
	}
	r, err := o.Affinity.rows(x)
	if err != nil {
		return nil, err
	}
	a, err := newAffinity(ctx, r, o.Affinity)
	if err != nil {
		return nil, err
	}
	first, err := start(ctx, r, o.Seed)
	if err != nil {
		return nil, err
	}
	return a.Layout(ctx, first, o.Layout)
}
