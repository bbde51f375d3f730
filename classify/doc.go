// Package classify turns rows of numbers (embeddings, tf-idf, metadata) into the probability of label 1.
//
//	f, err := classify.FitLogistic(ctx, x, y, nil)     // x is any mat.Matrix, y holds 0 and 1
//	p, err := f.Predict(test)                          // a probability for each row
//	m, err := evaluate.Evaluate(p, labels)             // accuracy, F1, ROC AUC, PR AUC, log loss, Brier …
//
// # Classifiers
//
//   - [FitLogistic]: logistic regression with L2 or elastic-net penalty. The first thing to try, and with some hundred
//     rows of embeddings usually the best.
//   - [FitBoosted]: gradient-boosted trees after XGBoost, whose files it reads and writes. For metadata, missing values,
//     categories, and thousands of rows.
//   - [FitStack]: a head for each named block of features (tf-idf, turn means, last turns …), joined by weights found on
//     rows that the heads were not trained on. Sources differ in where their signal is; the stack finds out, where one
//     regression on all columns drowns in them. The default predictor. [FitHeads] fits the heads once, for stacks of any
//     of them.
//   - [Ensemble]: the mean of several classifiers' probabilities.
//   - [FitCalibrated]: any of them, followed by a map that makes its probabilities mean what they say.
//
// All are a [Classifier]; those whose log-odds are sums, which explanations need, are a [Marginer]; all have
// a method Save, and [Load] reads what it writes. Fitting takes the rows as they are: sparse
// matrices (of [NewSparse], of transcript.TFIDF, any mat.RowNonZeroDoer) stay sparse, float32 rows (as encoder.Embeddings
// has them) and mat.Dense are read in place. [SelectRows] and [Join] select rows of a matrix and set matrices side by
// side without copying.
//
// Package evaluate measures and compares what they predict; [Refit] is what its cross-validation calls.
//
// # Errors and concurrency
//
// Values that are not finite, labels other than 0 and 1, a single class, weights that are negative or all 0, and rows of
// another width than those trained on are errors that name the row, the column or both widths. Only trees take NaN, as a
// missing value. Fits end early with the error of their context.
//
// Classifiers may be used by many goroutines at once, as long as nobody changes their fields. Fits use all processors.
// The same data, options and seed give the same bytes on any number of them.
//
// # Sources
//
// Objectives are those of scikit-learn 1.9, trees those of XGBoost 3.2, each checked against it (testdata).
// Papers are named where they are used.
package classify
