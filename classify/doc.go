// Package classify trains classifiers that give rows of numbers (embeddings, tf-idf, metadata) the probability of
// label 1.
//
//	f, err := classify.FitLogistic(ctx, x, y, nil)     // x is any mat.Matrix, y holds 0 and 1
//	p, err := f.Predict(test)                          // a probability for each row
//	m, err := evaluate.Evaluate(p, labels)             // accuracy, F1, ROC AUC, PR AUC, log loss, Brier …
//
// # Classifiers
//
//   - [FitLogistic]: logistic regression with L2 or elastic-net penalty. The first thing to try, and with a few hundred
//     rows of embeddings usually the best.
//   - [FitBoosted]: gradient-boosted trees after XGBoost, whose files it reads and writes. For metadata, missing values,
//     categories, and thousands of rows.
//   - [FitStack]: one head (a classifier) for each named block of features (tf-idf, turn means, last turns …), combined
//     with weights that are fitted to out-of-fold predictions. Data sets differ in which block carries the signal: the
//     stack learns it, where a single regression on all columns would overfit. [FitHeads] fits the heads once, for
//     stacks of any subset of them.
//   - [Ensemble]: the mean of several classifiers' probabilities.
//   - [FitCalibrated]: any of them, followed by a map that makes its probabilities agree with observed frequencies.
//
// All are a [Classifier]; those whose log-odds are sums, which explanations need, are a [Marginer]; all have a method
// Save, and [Load] reads what it writes.
//
// # Rows
//
// Rows are the rows of any mat.Matrix, read as they are: sparse matrices (of [NewSparse], of transcript.TFIDF, any
// mat.RowNonZeroDoer) stay sparse; float32 rows (as encoder.Embeddings has them) and mat.Dense are read in place.
// [SelectRows] selects rows and [Join] puts matrices side by side; neither copies dense values. Package evaluate
// measures and compares predictions; [Refit] adapts a classifier to its cross-validation.
//
// # Options
//
// The last argument of each Fit function is a pointer to its options: nil, and the zero value of each field, mean the
// default that the field's comment states. Where the default is not "none", a negative number means none.
//
// # Errors and concurrency
//
// Values that are not finite, labels other than 0 and 1, a single class, weights that are negative or all 0, and rows of
// another width than those trained on are errors that name the row, the column or both widths. Only trees take NaN, as a
// missing value. A fit whose optimizer does not converge is an error, not a model. Fits end early with the error of their
// context. Files that Load and ReadXGBoost read are checked; sizes and nesting have limits.
//
// Classifiers may be used by many goroutines at once, as long as nobody changes their fields. Fits use all processors.
// The same data, options and seed give the same bytes on any number of them.
//
// # Sources
//
// Objectives are defined as in scikit-learn 1.9 and trees as in XGBoost 3.2, and checked against these (testdata).
// Papers are named where they are used.
package classify
