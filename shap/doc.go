// Package shap attributes a score to the columns, turns or words of a call: what each adds to it.
//
// An Explanation has a base, the output when all players are unknown, and a value for each player; they add up to
// the output (within 1e-9, summed in float64). All values are Shapley values: a player's mean contribution over all
// orders in which players can become known. What "unknown" means depends on the function:
//
//	Linear, LinearRows            columns of a logistic regression  unknown: the background's mean      exact
//	CorrelatedRows                columns of a logistic regression  unknown: mean given the known ones  exact up to 12 columns
//	Turns                         turns of a call, same model       unknown: the mean call              exact
//	TreeExplainer.Explain         columns of boosted trees          unknown: both branches, by cover    exact
//	TreeExplainer.ExplainAgainst  columns of boosted trees          unknown: as in each background row  exact
//	Exact                         up to 20 players of any function  unknown: defined by the function    exact
//	Sample                        any number of players             unknown: defined by the function    with standard errors
//	Sample with Groups            players in groups within groups   unknown: defined by the function    exact for small groups
//	Words                         words of a text, any function     unknown: left out of the text       with standard errors
//	Phrases                       words in phrases of a text        unknown: left out of the text       with standard errors
//
// TreeExplainer.Interactions splits the values of Explain between pairs of columns, and Combine adds the explanations of
// the heads of a stack. For the models of package classify the output is the log-odds: +0.7 doubles the odds of a won
// call. Explanation.Probability turns an explanation of the log-odds into an explanation of the probability.
//
// # Correlated columns
//
// Linear attributes to a column what it contributes in the model; a column with coefficient 0 gets nothing.
// CorrelatedRows attributes to it what its value implies for the output: if two columns hold the same values and the
// model reads one of them, each gets half. Linear explains the model, CorrelatedRows the data as the model sees them.
//
// # Many rows
//
// LinearRows, CorrelatedRows and TreeExplainer.ExplainRows explain a whole matrix on all processors. Their Explanations
// show how much a model relies on each column over these rows (MeanAbs, Top) and how that depends on the column's value
// (Dependence); Beeswarm draws them.
//
// A value describes the model's response to a turn, not the effect of the turn on the customer.
//
// # Plots
//
// Waterfall draws one explanation, Beeswarm the explanations of many rows. The command examples/explain marks up transcripts.
//
// # Errors and concurrency
//
// Rows of the wrong width, NaN (except missing values in trees) and infinities are errors. All functions may be called
// by many goroutines at once, and give the same bytes for the same arguments; Sample draws its orders from the seed.
//
// # Sources
//
// Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, 2017. Lundberg, Erion and Lee, Consistent
// Individualized Feature Attribution for Tree Ensembles, 2018. Lundberg et al., From Local Explanations to Global
// Understanding with Explainable AI for Trees, 2020. Owen, Multilinear Extensions of Games, 1972, and Yu et al., Linear
// TreeShap, 2022, for the method. Castro, Gómez and Tejada, Polynomial Calculation of the Shapley
// Value Based on Sampling, 2009. Owen, Values of Games with A Priori Unions, 1977. Aas, Jullum and Løland, Explaining
// Individual Predictions when Features Are Dependent, 2021. Schäfer and Strimmer, A Shrinkage Approach to Large-Scale
// Covariance Matrix Estimation, 2005.
package shap
