package cli

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/org/salesconv/encoder"
)

// Model opens what a -model flag names: a directory of a sentence-transformers model, or where there is no such
// directory a model "org/name" that is in the cache of Hugging Face's tools (HF_HUB_CACHE, HF_HOME). Nothing is
// downloaded. It is nil for "", which means the built-in model.
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

// ModelName is the name of the model of a -model flag: its name on the hub, or the last element of its directory, so that
// saved files do not reveal paths of the machine.
func ModelName(name string) string {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		path, err := filepath.Abs(name)
		if err != nil {
			return ""
		}
		return filepath.Base(path)
	}
	return name
}
