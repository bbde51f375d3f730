// Package tsne draws a map of high-dimensional rows: rows that are close to each other come to lie close together
// in the plane (t-distributed stochastic neighbour embedding, van der Maaten and Hinton 2008).
//
// The stages are separate values. NewAffinity finds the exact nearest neighbours of each row and turns distances to
// probabilities; Start projects the rows on their first two principal components; Layout moves the points until
// the map's neighbourhoods match. An Affinity is computed once and may be laid out many times. Embed does all three, and
// Plot draws the result.
//
// # Methods
//
// Most of the time goes into the repulsion of every point by every other. Exact sums over all pairs; BarnesHut takes
// distant points together (van der Maaten 2014); FFT interpolates on a grid (Linderman et al. 2019). The default goes
// by the number of points; see LayoutOptions.Method. Forces of BarnesHut have errors of some 1–2%, forces of FFT up to
// 7% on maps of over 50 units, and the maps are similar: on the UCI digits the divergence is 0.742 by Exact, 0.748 by
// BarnesHut and 0.761 by FFT.
//
// Map.Place puts new rows on a map that stays as it is, and Trustworthiness measures how far neighbours on a map are
// neighbours in the data.
//
// What to read from a map: which rows are neighbours, and whether groups separate. Distances between groups, their
// sizes and their shapes mean little (Wattenberg et al., How to Use t-SNE Effectively, 2016).
//
// # Data
//
// Rows are points and columns are features, in any mat.Matrix; a type with RawRow(i) []float32 is read without
// converting the whole. Inside, rows are centred, scaled by one number and kept as float32, and neighbours are
// ranked on those. Equal rows are allowed. NaN, infinities and matrices without rows or columns are errors.
//
// Memory is 8 bytes for each value of x in the search of neighbours, and some 100 bytes times three times the
// perplexity for each row. Time grows with the square of the number of rows in the search (some 5 s for 20,000 rows of
// 384 columns on two cores) and as n log n in the layout.
//
// # Reproducibility
//
// The same input, options and seed give the same bytes on any number of cores of one machine: all sums have a fixed
// order. Processors with other vector instructions may round the start differently.
//
// # Concurrency
//
// Functions may be called from several goroutines, and an Affinity may be laid out by several at once.
package tsne
