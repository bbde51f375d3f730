// Package tsne draws a map of high-dimensional rows, on which rows that are close to each other lie close together
// (t-distributed stochastic neighbour embedding, van der Maaten and Hinton 2008).
//
// The stages are separate values. NewAffinity finds the nearest neighbours of each row and turns distances into
// probabilities. Start projects the rows on their first two principal components; Affinity.Spectral is a start from the
// affinities instead. Layout moves the points until the neighbourhoods on the map match. An Affinity is computed once and
// may be laid out many times, from any start. Embed does all three, and Plot draws the result.
//
// # Methods
//
// Most of the time goes into the repulsion of every point by every other. Exact sums over all pairs; BarnesHut groups
// distant points (van der Maaten 2014); FFT interpolates on a grid (Linderman et al. 2019). The default depends on the
// number of points; see LayoutOptions.Method. Forces of BarnesHut have errors of some 1–2%, forces of FFT up to 7% on
// maps of over 50 units, and the maps are similar.
//
// Divergences of BarnesHut and of openTSNE 1.0.4's Barnes–Hut, from the same affinities, summed over all pairs, after 250
// and 500 iterations (internal/bench/tsne_compare.py): UCI digits 0.752 and 0.756; 1,500 × 20 of Student's t with two
// degrees of freedom 2.183 and 2.192; 3,000 × 384 in 40 groups 0.671 and 0.672; 10,000 × 384 in 40 groups 1.666 and 1.667.
// openTSNE itself reports a lower divergence for the last, because its affinities are wider: where distances are similar,
// its search for their width stops early, at perplexities of up to 47 instead of 30.
//
// # Neighbours
//
// Up to 100,000 rows, neighbours are exact. For more rows, or with AffinityOptions.Search, they are searched for among the
// rows of near cells of a k-means partition, some 12,000 candidates for each row. The recall is the share of the 90
// nearest rows that are found: 0.998 for 70,000 × 50 in 40 groups, 0.957 for 100,000 × 384 in 500 groups that overlap.
// Data with many independent columns and without groups have less.
//
// # New rows
//
// Map.Place puts new rows on a map without moving its points, and Trustworthiness measures to what extent neighbours
// on a map are neighbours in the data.
//
// A map shows which rows are neighbours, and whether groups separate. Distances between groups, their sizes and
// their shapes mean little (Wattenberg et al., How to Use t-SNE Effectively, 2016).
//
// # Data
//
// Rows are points and columns are features, in any mat.Matrix; a type with RawRow(i) []float32 is read without
// converting the whole. Inside, rows are centred, scaled by one number and kept as float32, and neighbours are
// ranked on those. Some equal rows are allowed. NaN, infinities, fewer than two rows, rows that are all the same, and
// perplexities too large for the rows are errors.
//
// The search for neighbours takes 8 bytes for each value of x, and the affinities some 300 bytes times the perplexity
// for each row. Time grows with the square of the number of rows in the search (some 5 s for 20,000 rows of 384
// columns on two cores). The layout takes n log n for up to 10,000 rows and n for more.
//
// # Reproducibility
//
// The same input, options and seed give the same bytes on any number of cores of one machine: all sums have a fixed
// order. Processors with other vector instructions round differently, which may give a different map.
//
// # Concurrency
//
// Functions may be called from several goroutines, and an Affinity may be laid out by several at once.
package tsne
