// Package drift tests whether recent data are still like the data of a reference period: inputs, scores, embeddings,
// and once outcomes arrive how well they were predicted.
//
//	t, err := drift.KolmogorovSmirnov(reference, recent)     // of numbers: log-odds, turns, words
//	t, err := drift.Fisher(3, 1000, 41, 1200)                // of shares: calls with a warning
//	t, err := drift.Categories(ctx, before, now, nil)        // of names: products, segments
//	t, err := drift.MMD(ctx, referenceRows, recentRows, nil) // of embeddings
//	p := drift.Holm([]float64{a.P, b.P, c.P, d.P})           // of one report
//
// Every test returns a statistic, whose size shows how far the data moved, and a p value: the probability of a statistic at
// least as large if nothing moved. With few rows large statistics are chance, with many rows tiny ones are certain, so both
// belong into a report. [PSI] is the index that credit scoring uses, without a p value.
//
// # False alarms
//
// A report has many tests. [Holm] adjusts their p values so that a report of data that did not move has an adjusted p below
// α with a probability of at most α, whatever the tests and however they depend on each other: with α = 0.01 a weekly report
// alarms falsely once in two years or more rarely. That holds for a report with a reference of its own: reports that share a
// reference are right or wrong together, the more so the smaller it is. It should have several times as many rows as the
// recent data.
//
// The tests take rows to be independent of each other. Calls of one agent are alike; that does no harm as long as the same
// agents make about the same shares of the calls in both periods, and is a drift to be found where they do not.
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
