// Package synth writes synthetic sales calls whose outcomes depend on known drivers. It returns plain strings and spans;
// package transcript makes calls and their truth of them.
//
// A call takes one of eight courses, a list of stages (course.go). Each stage belongs to a driver, which holds in the call or
// does not, and has a script: who says a phrase of which list, and which lines are said for only one value of the driver.
// The lists are in phrases.txt; slots in the phrases, such as {product}, draw from other lists, of the call's
// industry first, or take what the call has drawn once for all: its people, firms and personal data (cast.go).
//
// Outcomes are drawn after all texts are written: the log-odds of winning are the weighted sum of the drivers that hold,
// with an intercept that is found by bisection so that the mean probability is the share asked for (outcome.go).
//
// Each call draws from a PCG stream of its own, numbered by the call, so that a call does not depend on how many there are;
// only its customer's number does. Changing the order of the draws in write.go or cast.go changes every call.
package synth
