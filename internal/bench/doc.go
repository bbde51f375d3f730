// Command bench measures this module beside its Python peers, on one machine, in one run.
//
//	go run ./internal/bench [-model DIR] [-calls FILE] [-rounds N] [-only WORDS]
//
// It prints the table of the README: encoding, start, training step, memory, tokenizer and matrix products beside
// sentence-transformers on torch and ONNX Runtime, both in float32 on the processor with as many threads as we have, and
// what follows the embeddings beside scikit-learn, XGBoost and openTSNE.
// Every contender is a process that takes requests line by line and times its own work; the contenders of a row take
// turns, and a ratio is the median of the ratios within each turn, so that a busy minute touches both sides.
//
// The peers need Python 3 and the packages of peers/requirements.txt. They are installed once into a virtual environment
// outside the module: the folder named by SALESCONV_PEERS, by default salesconv/peers in the user's cache folder. One
// that is there already is taken as it is.
package main
