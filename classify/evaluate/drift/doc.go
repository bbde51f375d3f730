// Package drift tests whether recent data are still like the data of a reference period: inputs, scores, embeddings,
// and, once outcomes are known, how well they were predicted.
//
//	t, err := drift.KolmogorovSmirnov(reference, recent)     // of numbers: log-odds, turns, words
//	t, err := drift.Fisher(3, 1000, 41, 1200)                // of shares: calls with a warning
//	t, err := drift.Categories(ctx, before, now, nil)        // of names: products, segments
//	t, err := drift.MMD(ctx, referenceRows, recentRows, nil) // of embeddings
//	p := drift.Holm([]float64{a.P, b.P, c.P, d.P})           // of one report
//
// Every test returns a statistic, whose size shows how far the data moved, and a p value: the probability of a statistic at
// least as large if nothing moved. With few rows a large statistic can be chance, with many rows a tiny one can be
// significant, so a report should have both. [PSI] is the index that credit scoring uses, without a p value.
//
// # False alarms
//
// A report has many tests. [Holm] adjusts their p values: if the data did not move, the probability that a report has an
// adjusted p of α or less is at most α, whatever the tests and however they depend on each other. With α = 0.01, a weekly
// report has a false alarm at most about once in two years. That holds if each report has a reference of its own: false
// alarms of reports that share a reference are correlated, the more so the smaller the reference is. The reference should
// have several times as many rows as the recent data.
//
// The tests assume that rows are independent. Calls of one agent are similar; that does no harm as long as each agent
// makes about the same share of the calls in both periods; otherwise it is a drift to be detected.
//
// # Errors and concurrency
//
// Numbers that are not finite and empty samples are errors. Functions are safe for concurrent use, change none of their
// arguments, and those with a context use all processors; the same seed gives the same numbers on any number of them.
//
// # Sources
//
// Kolmogorov–Smirnov, Fisher's, Welch's and the Mann–Whitney tests are checked against SciPy 1.17 (testdata). MMD: Gretton
// et al. 2012. Classifier: Lopez-Paz and Oquab 2017. AUC: DeLong, DeLong and Clarke-Pearson 1988. Holm 1979.
package drift
