// Package conversion predicts which sales calls are won: labelled calls in, a [Predictor] out, which gives the
// probability of a call, also while it is in progress, and explains it by turns and words.
//
//	p, report, err := conversion.Fit(ctx, calls, nil) // minutes: the encoder is fine-tuned
//	err = p.Save("models")
//
//	p, err := conversion.Load(os.DirFS("models"))
//	predictions, err := p.Predict(ctx, calls, nil)
//	explanation, err := p.Explain(ctx, call, nil)
//	live := p.Live()
//	now, err := live.Add(ctx, turn) // the next turn
//	end, err := live.End(ctx)       // it is over
//
// # Features
//
// A call is read as the texts of its turns, [transcript.Call.Turns]. Blocks of features describe it: tf-idf of its
// words and pairs of words; of the generic encoder's turn vectors the mean, the mean of the last three, the trend
// over the call, and, if that clearly improves the stack out of fold, the mean of the first four; and mean, last three and trend, side by
// side, of the turn vectors of an encoder that was fine-tuned on the training calls.
// Each block has a classifier of its own, its head, and a [classify.Stack] weights the heads by how well they predict calls that
// they were not trained on.
//
// # Fine-tuning
//
// The upper layers of the encoder are trained on triplets of calls and, at the same time, by a linear classifier of the
// outcome on the mean of the turn vectors, the mean of the last three and the trend, which becomes the head of the last
// block: training reaches the turns that decide a call, wherever they are. That is done once without each inner
// fold of the training calls, to measure the tuned head on calls that neither it nor its encoder was trained on. The
// final encoder and head are a model soup: their weights are the means over all these models. The weight of each of the
// three vectors in the head is fitted to the out-of-fold margins of those calls. See [Tuning] and [Report].
//
// Fine-tuning can also harm, so two things are decided out of fold. What is saved as the fine-tuned encoder has the
// share of fine-tuned weights, of four quarters, with which its head ranks calls best, the rest being generic (Wortsman et al.
// 2022, arXiv 2109.01903); and none unless that is at least as good as the best head on generic turn vectors: [Tuning].Share. And
// the stack uses the tuned head, with what weight, only if that improves both log loss and ROC AUC.
//
// # Held-out calls
//
// Calls that are held out judge the predictor, [Info].HeldOut. [Report.Refit] then fits it again with these among the
// training calls: the one to use.
//
// # Thresholds
//
// Probabilities assume that calls are won as often as the training calls were, of which as many as there are inner folds,
// three by default, must be won and as many lost. At [Info].Threshold as many training calls are predicted to be won as
// were; [Info].OutOfFold measures the decisions made there, and shows whether anything can be predicted at all: its LogLoss
// is then below its BaseLogLoss.
//
// # Warnings
//
// A model gives any text a probability. A [Prediction] therefore carries typed warnings where there is reason to
// distrust it: [NoWords], [TooShort], [NotEnglish] and [Unlike]. Their limits are quantiles of the training calls, kept
// with the predictor.
//
// # Calls in progress
//
// A model of whole calls, applied to a beginning, predicts what would be if the call ended there, and most calls that end there are
// lost. [Live] and [PredictOptions].ByTurn therefore use a model of calls that go on: heads and weights trained on
// beginnings of the training calls, and a calibration by the number of turns, which draws the probability towards the share of
// calls that are won as far as nothing can be known yet. Above a stated share of false alarms, none is raised: [Alarm]
// calls a call slipping when its probability falls below a threshold that a tenth of the won training calls, at most, ever
// fell below. [Info].DuringCall has the figures after each quarter of the turns, alongside the model of whole calls, and how long
// before the end the alarm comes. Calls in progress are read by the generic encoder alone. When a call is over, Predict and
// [Live.End] judge it as a whole.
//
// # Explanations
//
// [Predictor.Explain] attributes the log-odds of a call to its turns, exactly where all heads are logistic regressions; to
// the blocks of features; and the most influential turns to their words, by integrated gradients through the encoders and
// the weights of terms, or else by sampling. [Predictor.Influences] reports which phrases and blocks move a whole set of
// calls, with intervals, among the won and the lost, and by a key of the metadata such as the agent. Metadata and the
// statistics of talk are no features and contribute nothing; [Report.Further] judges what they would add.
//
// Of synthetic calls it is known where the drivers of the outcome show. The precision at k of a method is how many of its k
// largest contributions are in such places and have the right sign; over 20 calls (TestPrecision): of three turns, exact
// contributions 0.42, sampled ones 0.48, leaving each turn out 0.43, with standard errors of 0.06; of ten words,
// [Gradients] 0.44, [Phrases] 0.38 and [Sampling] 0.35, with 0.04. Turns differ by no more than chance, so that the exact contributions
// are the default: they add up, have no sampling error and cost no further predictions. Words are explained by [Gradients].
//
// # Files
//
// A saved predictor is a directory. predictor.json, its manifest, describes the predictor ([Info]) and holds the hashes
// of all other files, which Load verifies: a directory that is a mixture of two trainings is refused.
// [Predictor.Version] is the hash of the manifest. created.json has the date, which is not part of the version, so that
// the same calls, options, seed and software give the same version and the same bytes. Directories of another
// format than this version of the package writes are refused with an error that says so: train again.
//
// words.json holds words that three or more training calls have, in the clear. Personal data are masked before
// ([transcript.Call.Mask], unless Options.Unmasked), as far as they are found: keep the directory as safe as the calls.
// Explanations quote the call that they explain.
//
// # Concurrency
//
// A Predictor and a Report are never changed and are safe for concurrent use. A [Live] call is for one goroutine at a time.
package conversion
