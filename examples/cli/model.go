package cli

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/org/salesconv/encoder"
)

// Model opens what a -model flag names: a directory of a sentence-transformers model, or where there is no such directory a
// model "org/name" that is in the cache of Hugging Face's tools (HF_HUB_CACHE, HF_HOME). Nothing is downloaded. It is nil
// for "", which stands for the built-in model.
func Model(name string) (fs.FS, error) {
	if name == "" {
		return nil, nil
	}
	model, err := encoder.Find(context.Background(), name, nil)
	if err != nil {
		return nil, fmt.Errorf("-model: %w", err)
	}
	return model, nil
}
