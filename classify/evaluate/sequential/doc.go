// Package sequential compares the variants of a running experiment, such as two versions of a predictor, with tests that stay
// valid however often and whenever they are read, and assigns calls to variants.
//
//	v, err := sequential.Assign(customer, "spring", []float64{1, 1}) // 0 or 1, always the same for a customer
//	d, err := sequential.NewDifference(0.5, 0, 1, 0)                 // half of the calls to variant 1; outcomes are 0 or 1
//	err = d.Add(v, 1)                                                // for each outcome as it arrives
//	interval, p := d.Interval(), d.P()                               // at any time
//
// # Always valid
//
// A usual p value is valid once, for a number of rows that was fixed in advance. An experiment that is checked every day and
// stopped at the first p below 0.05 finds a difference that is not there far more often than in 5% of cases. Here, if there
// is no difference, the probability that P ever falls to α is at most α, however often it is computed, for any number of
// rows and any distribution (not only asymptotically). So an experiment may be stopped as soon as P is low enough, or
// continued indefinitely. The price is a wider interval and more rows: to distinguish 36% won from 30% takes 2340 calls on
// average instead of the 1920 of a test with a fixed number of rows that is planned for just this difference (TestPower).
//
// # Method
//
// A test bets against the hypothesis that values between two bounds have a certain mean (Waudby-Smith and Ramdas 2024): it
// stakes capital on each value before the value is known, in a game that is fair if the hypothesis holds, so by Ville's
// inequality the capital ever grows 1/α-fold with a probability of at most α. Stakes are a mixture of sizes; P is one over
// the highest capital so far, and the interval holds the means against which the capital has grown less than 2/α-fold.
//
// Calls are assigned to variants at random in known shares, so each outcome gives an unbiased estimate of the difference
// (Horvitz and Thompson 1952), whose variance the means so far reduce (Robins, Rotnitzky and Zhao 1994). Outcomes must be as
// likely to arrive, and arrive as fast, for each variant; [SampleRatio] detects where they do not.
//
// # Errors and concurrency
//
// Values outside the bounds and variants that do not exist are errors, and change nothing. A Sequence or Difference is for
// one goroutine at a time; it keeps all values, 16 bytes each.
package sequential
