// Package evaluate measures and compares predictions: probabilities that rows have label 1, made by any model.
//
//	m, err := evaluate.Evaluate(p, y)                       // accuracy, F1, ROC AUC, PR AUC, log loss, Brier …
//	folds, err := evaluate.Folds(y, agents, 5, seed)        // an agent's calls stay in one fold
//	a, err := evaluate.CrossValidate(ctx, y, folds, refit)  // out-of-fold predictions
//	c, err := evaluate.Compare(ctx, a, b, nil)              // is b better than a?
//
// It works on plain slices with an element for each row: p holds probabilities, y the labels 0 and 1, groups the
// name of each row's group. A model is passed as a [Refit], a function that trains on some rows and predicts others;
// classify.Refit makes one from a matrix and a classifier.
//
// # Out-of-fold predictions
//
// A score on rows that a model was trained on says nothing about other rows. [Folds] assigns rows to folds and keeps
// groups together; [ForwardFolds] tests on later rows than it trains on. [CrossValidate] calls a Refit for every fold,
// which must learn everything from the training rows: vocabulary, fine-tuned encoder, choice of settings, threshold.
// Choices made inside the Refit are therefore nested in the cross-validation.
//
// # Uncertainty
//
// [Bootstrap] gives a confidence interval, by group. [Compare] tests two models on the same rows: an interval of the
// difference by paired bootstrap, a permutation test, DeLong's and McNemar's tests. Its Verdict is "no evidence of a
// difference" unless interval and test both find one. Intervals and tests are about other rows from the same source,
// given these models, not about other training runs.
//
// # Scores in use
//
// [CalibrationTable] compares predicted with observed frequencies. [Lift] and [Profit] show what calling the
// highest-scored customers yields. [ThresholdBestF1], [ThresholdLowestCost] and [ThresholdCapacity] choose a threshold;
// choose it on other rows than it is judged on: see [OutOfFold.Decide]. [LearningCurve] shows what more data would
// bring, and [LeakProbe] warns where metadata alone predict the label. Where few rows have label 1, PR AUC and Lift
// matter most: ROC AUC hardly reacts to false positives there.
//
// Package drift, below this one, tests whether recent calls are still like earlier ones; package sequential compares
// versions while both are in use.
//
// # Errors and concurrency
//
// Probabilities outside 0 to 1, labels other than 0 and 1, a single class, lists of different lengths and rows that do
// not exist are errors that name the row. [ROCAUC], [PRAUC], [LogLoss] and [Brier], which return a number only, return
// NaN for them. Bootstrap, Compare, LearningCurve and LeakProbe use all processors, call a [Score] from several
// goroutines at once, and end early with the error of their context; the same seed gives the same numbers on any number
// of processors. Nothing here changes its arguments.
//
// # Sources
//
// Metrics are defined as in scikit-learn 1.9 and checked against it (testdata). Papers are named where they are used.
package evaluate
