package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"

	"github.com/org/salesconv/internal/hub"
)

// hubName matches names of models on the Hugging Face hub, with or without a revision.
var hubName = regexp.MustCompile(`^[\w.-]+/[\w.-]+(@[\w./-]+)?$`)

// Model opens what a -model flag names: a directory of a sentence-transformers model, or where there is no such directory a
// model "org/name" that is in the cache of Hugging Face's tools (HF_HUB_CACHE, HF_HOME). Nothing is downloaded. It is nil
// for "", which stands for the built-in model.
func Model(name string) (fs.FS, error) {
	if name == "" {
		return nil, nil
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) && hubName.MatchString(name) {
		dir, err := hub.FromEnvironment().Cached(name)
		if err != nil {
			return nil, fmt.Errorf("-model %s is no directory, and %w; name a directory, or run hf download %s", name, err, name)
		}
		name = dir
	}
	return os.DirFS(name), nil
}
