package encoder

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"regexp"

	"github.com/org/salesconv/internal/hub"
)

// HubOptions are the settings of [Open] and [Find]. Nil and the zero value read the cache alone.
type HubOptions struct {
	// Download asks the hub for the model's files at the revision, and fetches those that are not in the
	// cache. Default: the network is not touched, nor is it with HF_HUB_OFFLINE set.
	Download bool
	// Cache is a directory; default HF_HUB_CACHE, or hub in HF_HOME, or ~/.cache/huggingface/hub.
	Cache    string
	Endpoint string // of the hub; default HF_ENDPOINT, or https://huggingface.co
	Token    string // of the user; default HF_TOKEN, or the file token in HF_HOME

	// Progress watches the bytes of each download; default none.
	Progress func(file string, done, total int64)
}

// hubFiles are those that Load may read, without the same weights in other formats.
var hubFiles = regexp.MustCompile(`^([0-9]+_[A-Za-z]+/)?(modules|config|config_sentence_transformers|sentence_bert_config|tokenizer|` +
	`tokenizer_config|special_tokens_map|heads)\.json$|^README\.md$|^([0-9]+_[A-Za-z]+/)?model\.safetensors$`)

// Open loads a model by name: from the directory of that name, or, if there is none, from the Hugging Face hub by
// "org/name" or "org/name@revision" with a branch, a tag or a commit. See [Find].
func Open(ctx context.Context, name string, opts *HubOptions) (*Model, error) {
	files, err := Find(ctx, name, opts)
	if err != nil {
		return nil, err
	}
	m, err := Load(files)
	if err != nil {
		return nil, fmt.Errorf("%w (of the model %s)", err, name)
	}
	if m.card.Name == "" && hub.IsName(name) {
		m.card.Name = name
	}
	return m, nil
}

// Find returns the files of a model by its name, as [Open] takes it, for [Load]. A model of the hub comes from the cache
// that Hugging Face's own tools keep on this machine, or is downloaded there first if opts says so. Downloads are resumed
// and checked against their hashes.
func Find(ctx context.Context, name string, opts *HubOptions) (fs.FS, error) {
	if opts == nil {
		opts = new(HubOptions)
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return os.DirFS(name), nil
	}
	if !hub.IsName(name) {
		return nil, fmt.Errorf("encoder: there is no directory %q, nor is it a model of the hub, org/name", name)
	}
	client := hub.FromEnvironment()
	client.Cache = cmp.Or(opts.Cache, client.Cache)
	client.Endpoint = cmp.Or(opts.Endpoint, client.Endpoint)
	client.Token = cmp.Or(opts.Token, client.Token)
	client.Progress = opts.Progress
	var dir string
	var err error
	if opts.Download {
		dir, err = client.Fetch(ctx, name, hubFiles)
	} else {
		dir, err = client.Cached(name)
	}
	if err != nil {
		return nil, fmt.Errorf("encoder: there is no directory %q, and %w", name, err)
	}
	return os.DirFS(dir), nil
}
