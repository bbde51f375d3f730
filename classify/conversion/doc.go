// Package conversion predicts which sales calls are won. Labelled calls train a [Predictor], which gives the
// probability that a call is won, also while the call is in progress, and attributes it to turns and words.
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
// A call is read as the texts of its turns, [transcript.Call.Turns], and described by blocks of features: tf-idf of its words and
// pairs of words; the mean of the generic encoder's turn vectors, the mean of the last three, their trend over the call, and the
// mean of the first four, if out of fold that raises the ROC AUC of the stack and lowers its log loss by more than two standard
// errors; and one block of the mean, the mean of the last three and the trend of the turn vectors of an encoder that was
// fine-tuned on the training calls. Each block has its own classifier, its head. A [classify.Stack] weights the heads by how well
// they predict calls that they were not trained on.
//
// # Fine-tuning
//
// The upper layers of the encoder are trained on triplets of calls and, at the same time, through a linear classifier
// of the outcome, which becomes the head of the last block. It reads the mean of the turn vectors, the mean of the last
// three and the trend, so that gradients reach the turns that decide a call, wherever they are. One fine-tuning run
// leaves out each inner fold of the training calls, to measure the tuned head on calls that neither it nor its encoder
// was trained on. The final encoder and head are a model soup: their weights are the means over all these models. How
// much each of the three vectors counts in the head is fitted to the out-of-fold margins of the calls left out. See
// [Tuning] and [Report].
//
// Fine-tuning can also harm, so two things are decided out of fold. First, the encoder that is saved interpolates between generic
// and fine-tuned weights (Wortsman et al. 2022, arXiv 2109.01903): of the shares 1/4, 1/2, 3/4 and 1 of fine-tuned weights it has
// the one with which the tuned head ranks calls best, or 0 if the best head on generic turn vectors ranks them better:
// [Tuning].Share. Second, the stack uses the tuned head only if that improves both log loss and ROC AUC.
//
// # Held-out calls
//
// The predictor is evaluated on calls that are held out: [Info].HeldOut. [Report.Refit] then fits it again with these
// calls among the training calls; that predictor is the one to use.
//
// # Thresholds
//
// Probabilities assume that calls are won as often as the training calls were. At least as many training calls must be won
// as there are inner folds, three by default, and as many lost. At [Info].Threshold as many training calls are predicted to
// be won as were won. [Info].OutOfFold evaluates the decisions at that threshold, and shows whether anything can be
// predicted at all: if so, its LogLoss is below its BaseLogLoss.
//
// # Warnings
//
// A model gives any text a probability. A [Prediction] therefore carries typed warnings where there is reason to
// distrust it: [NoWords], [TooShort], [NotEnglish] and [Unlike]. Their limits are quantiles of the training calls, kept
// with the predictor.
//
// # Calls in progress
//
// A model of whole calls that reads only the beginning of a call predicts as if the call ended there, and most calls that end
// early are lost. [Live] and [PredictOptions].ByTurn therefore use a separate model for calls in progress: its heads and weights
// are trained on beginnings of the training calls, and it is calibrated by the number of turns, which shrinks the probability
// towards the share of calls won while little is known. [Alarm] reports a call as slipping when its probability falls below a
// threshold that at most a tenth of the won training calls ever fell below, so the share of false alarms is bounded.
// [Info].DuringCall evaluates this model after each quarter of the turns, alongside the model of whole calls, and reports how
// long before the end the alarm comes. Calls in progress are read by the generic encoder alone. When a call is over, Predict and
// [Live.End] predict it as a whole.
//
// # Explanations
//
// [Predictor.Explain] attributes the log-odds of a call to its turns (exactly if all heads are logistic regressions), to
// the blocks of features, and within the most influential turns to words, by integrated gradients through the encoders and
// the weights of terms, or else by sampling. [Predictor.Influences] reports which phrases and blocks move the predictions
// of a whole set of calls, with intervals, among the won and the lost, and by a key of the metadata such as the agent.
// Metadata and talk statistics are not features of the predictor; [Report.Further] measures what they would add.
//
// In synthetic calls the passages that decide the outcome are known. Precision at k is the share of a method's k largest
// contributions that are in such passages and have the right sign. Over 20 calls (TestPrecision) it is, for turns with k = 3,
// 0.42 by exact contributions, 0.48 by sampled ones and 0.43 by leaving each turn out, with standard errors of 0.06; for words
// with k = 10, 0.44 by [Gradients], 0.38 by [Phrases] and 0.35 by [Sampling], with standard errors of 0.04. The methods for turns
// do not differ beyond chance, so exact contributions are the default: they add up, have no sampling error and cost no further
// predictions. The default for words is [Gradients].
//
// # Files
//
// A saved predictor is a directory. predictor.json, its manifest, describes the predictor ([Info]) and holds the hashes
// of all other files, which Load verifies: a directory with files of two trainings is an error. [Predictor.Version] is
// the hash of the manifest. created.json has the date, which is not part of the version, so that the same calls,
// options, seed and software give the same version and the same bytes. A directory in the format of another version of
// the package is an error that says so: train again.
//
// words.json holds the words that occur in three or more training calls, in plain text. Personal data are masked first
// ([transcript.Call.Mask], unless Options.Unmasked), as far as they are found: protect the directory as you protect the
// calls. Explanations quote the call that they explain.
//
// # Concurrency
//
// A Predictor and a Report are never changed and are safe for concurrent use. A [Live] call is for one goroutine at a time.
package conversion
