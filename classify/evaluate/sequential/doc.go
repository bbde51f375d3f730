// Package sequential compares the variants of a running experiment, such as two versions of a predictor, with tests that stay
// valid however often and whenever one looks at them, and assigns calls to variants.
//
//	v, err := sequential.Assign(customer, "spring", []float64{1, 1}) // 0 or 1, always the same for a customer
//	d, err := sequential.NewDifference(0.5, 0, 1, 0)                 // half of the calls to variant 1; outcomes are 0 or 1
//	err = d.Add(v, 1)                                                // for each outcome as it arrives
//	interval, p := d.Interval(), d.P()                               // at any time
//
// # Always valid
//
// A usual p value holds for one look at a number of rows that was fixed before. Whoever looks every day and stops at the
// first p below 0.05 is wrong far more often than one time in twenty. Here the probability that P ever falls to α, at any of
// infinitely many looks, is at most α where there is no difference, for any number of rows and any distribution: not only
// in the limit. So an experiment may be stopped as soon as P is low enough, or continue as long as one likes. The price is a
// wider interval and more rows: to tell 36% won from 30% takes 2340 calls on average instead of the 1920 of a test that was
// planned for just this difference (TestPower).
//
// # Method
//
// A test is a bet against the hypothesis that values between two bounds have a certain mean (Waudby-Smith and Ramdas 2024):
// capital is staked on each value before it is seen, in a fair game if the hypothesis holds, so that by Ville's inequality
// the capital ever grows 1/α-fold with a probability of at most α. Stakes are a mixture of sizes; P is one over the highest
// capital so far, and the interval holds the means against which less than 2/α has been won.
//
// Variants divide the calls at random in known shares, so each outcome gives an unbiased estimate of the difference (Horvitz
// and Thompson 1952; Robins, Rotnitzky and Zhao 1994), from which the means so far take most of the noise. That needs
// outcomes to arrive as surely and as fast from each variant; [SampleRatio] finds where they do not.
//
// # Errors and concurrency
//
// Values outside the bounds and variants that do not exist are errors, and change nothing. A Sequence or Difference is for
// one goroutine at a time; it keeps all values, 16 bytes each.
package sequential
