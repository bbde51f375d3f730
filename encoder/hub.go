package encoder

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"regexp"

	"github.com/org/salesconv/internal/hub"
)

// HubOptions of [LoadHub]. Nil and the zero value read the cache alone.
type HubOptions struct {
	// Download asks the hub for the model's files as they stand at the revision, and fetches those that are not in the
	// cache. Default: the network is not touched, nor is it with HF_HUB_OFFLINE set.
	Download bool
	Cache    string // folder; default HF_HUB_CACHE, or hub in HF_HOME, or ~/.cache/huggingface/hub
	Endpoint string // of the hub; default HF_ENDPOINT, or https://huggingface.co
	Token    string // of the user; default HF_TOKEN, or the file token in HF_HOME

	Progress func(file string, done, total int64) // watches the bytes of each download; default none
}

// hubFiles are those that Load may read, without the same weights in other formats.
var hubFiles = regexp.MustCompile(`^([0-9]+_[A-Za-z]+/)?(modules|config|config_sentence_transformers|sentence_bert_config|tokenizer|` +
	`tokenizer_config|special_tokens_map)\.json$|^([0-9]+_[A-Za-z]+/)?model\.safetensors$`)

// LoadHub loads a model of the Hugging Face hub by its name, "org/name" or "org/name@revision" with a branch, a tag or a
// commit, from the cache that Hugging Face's own tools keep on this machine, or after downloading it there. Downloads
// are resumed and checked against their hashes.
func LoadHub(ctx context.Context, name string, opts *HubOptions) (*Model, error) {
	if opts == nil {
		opts = new(HubOptions)
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
		return nil, fmt.Errorf("encoder: %w", err)
	}
	m, err := Load(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("%w (%s in %s)", err, name, dir)
	}
	return m, nil
}
