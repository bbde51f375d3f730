// Package classify turns rows of numbers (embeddings, tf-idf, metadata) into the probability of label 1.
package classify
