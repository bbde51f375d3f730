// Command bench measures this module and reference implementations in Python, on one machine, in one run.
//
//	go run ./internal/bench [-model DIR] [-calls FILE] [-rounds N] [-only WORDS]
//
// It prints a table: encoding, start, training step, memory, tokenizer and matrix products, alongside
// sentence-transformers on torch (training in bfloat16 too), ONNX Runtime (float32, int8) and OpenVINO (float32, bfloat16,
// int8; for latency and for throughput in two streams), all on the processor with as many threads as we have, and what
// follows the embeddings alongside scikit-learn, XGBoost, LightGBM and openTSNE.
// Every system is a process that takes requests line by line and times its own work; the systems of a row work
// interleaved, and a ratio is the median of the ratios within each round, so that a busy minute touches both sides.
//
// The reference implementations need Python 3 and the packages of references/requirements.txt. They are installed once
// into a virtual environment outside the module: the directory named by SALESCONV_REFERENCES, by default
// salesconv/references in the user's cache directory. One that is there already is taken as it is.
package main
