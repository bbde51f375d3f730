// Package conversion predicts which sales calls are won: labelled calls in, a [Predictor] out, which gives probabilities,
// also while a call goes on, and the turns and words that make them.
//
//	p, report, err := conversion.Fit(ctx, calls, nil) // minutes: the encoder is fine-tuned
//	err = p.Save("models")
//
//	p, err := conversion.Load(os.DirFS("models"))
//	predictions, err := p.Predict(ctx, calls, nil)
//	explanation, err := p.Explain(ctx, call, nil)
//	live := p.Live()
//	now, err := live.Add(ctx, turn)
//
// # Features
//
// A call is read as the texts of its turns, [transcript.Call.Turns]. Blocks of features describe it: tf-idf of its words
// and pairs of words; of the generic encoder's turn vectors the mean, the mean of the last three and the trend over the
// call; and the mean of the turn vectors of an encoder that was fine-tuned on the training calls. Each block has a
// classifier of its own, its head, and a [classify.Stack] weighs the heads by what they are worth on calls that they were
// not trained on.
//
// # Fine-tuning
//
// The upper layers of the encoder are trained by triplets of calls and, at the same time, by a linear classifier of the
// outcome on the mean of the turn vectors, which becomes the head of the last block. That is done once on all
// training calls and once without each inner fold of them, to learn what the tuned head makes of calls that neither it nor
// its encoder was trained on. On these the stack decides whether it uses the tuned head at all, and how much it weighs:
// only what improves both log loss and ROC AUC is used. What predicts has the mean of the weights of all these models,
// and of their heads. See [Tuning] and [Report].
//
// # Thresholds
//
// Probabilities are those of calls as often won as the training calls, from 2% to 98% of them. [Info].Threshold is where
// as many calls are predicted to be won as are; [Info].OutOfFold says how good that is, and whether anything can be
// predicted at all: its LogLoss is then below its BaseLogLoss.
//
// # Warnings
//
// A model gives any text a probability. A [Prediction] therefore carries typed warnings where there is reason to distrust
// it: [NoWords], [TooShort], [NotEnglish] and [Unlike]. Their limits are quantiles of the training calls, kept with the
// predictor. The probability during a call, of [Live], is that of a call which ends there; while it is short it has a
// warning.
//
// # Files
//
// A saved predictor is a directory. predictor.json, its manifest, says what the predictor is ([Info]) and holds the hashes of
// all other files, which Load verifies: a directory that is a mixture of two trainings is refused. [Predictor.Version] is
// the hash of the manifest. created.json has the date, which is not part of the version, so that the same calls, options,
// seed and software give the same version and the same bytes. Directories saved before there was a format number are
// refused by name.
//
// words.json holds words that three or more training calls have, in the clear. Personal data are masked before
// ([transcript.Call.Mask], unless Options.Unmasked), as far as they are found: keep the directory as safe as the calls.
// Explanations quote the call that they explain.
//
// # Concurrency
//
// A Predictor and a Report are never changed and are safe for concurrent use. A [Live] call is for one goroutine at a time.
package conversion
