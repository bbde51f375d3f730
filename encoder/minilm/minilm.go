// Package minilm holds all-MiniLM-L6-v2, the default model of package encoder, inside the program: a BERT of 6 layers
// that gives 384 numbers a text. The weights are in half precision (45 MB), which moves no element of an embedding by
// more than 3.3e-4; packages that do not import this one do not carry them.
//
// The model is sentence-transformers/all-MiniLM-L6-v2 by the sentence-transformers authors, under the Apache License,
// Version 2.0 (model/LICENSE). The other files in model were made from the published directory by
//
//	go run ./encoder/minilm/convert DIRECTORY encoder/minilm/model
//
// which rounds each weight to the nearest half, ties to even, and copies the rest.
package minilm

import (
	"embed"
	"io/fs"
)

//go:embed model
var files embed.FS

// FS is the model's directory, for encoder.Load.
func FS() fs.FS {
	sub, err := fs.Sub(files, "model")
	if err != nil {
		panic(err) // only an invalid path does that, and this one is constant
	}
	return sub
}
