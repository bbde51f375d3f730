package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
)

// scorer returns a line of output, as a value for JSON, for each of some records.
type scorer func(ctx context.Context, records []record) ([]any, error)

// kind is what a job does with its calls.
type kind struct {
	version func(models string) (string, error) // of what does it
	load    func(j *Job) (scorer, error)
}

var kinds = map[string]kind{
	"score": {predictorVersion, loadScorer},
	"embed": {encoderVersion, loadEmbedder},
}

// predictor loads the predictor of a directory, once in a process.
var predictor = once(func(dir string) (*conversion.Predictor, error) {
	p, err := conversion.Load(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return p, nil
})

// once returns a function that calls load once for each key, at the same time for different ones, and again after an
// error.
func once[T any](load func(key string) (T, error)) func(key string) (T, error) {
	var loaded sync.Map
	return func(key string) (T, error) {
		f, _ := loaded.LoadOrStore(key, sync.OnceValues(func() (T, error) {
			v, err := load(key)
			if err != nil {
				loaded.Delete(key)
			}
			return v, err
		}))
		return f.(func() (T, error))()
	}
}

func predictorVersion(dir string) (string, error) {
	p, err := predictor(dir)
	if err != nil {
		return "", err
	}
	return p.Version(), nil
}

// score is a line of results.
type score struct {
	conversion.Prediction
	Metadata map[string]json.RawMessage `json:"metadata,omitempty"`
	Place
	Model string `json:"model"`
}

func loadScorer(j *Job) (scorer, error) {
	p, err := predictor(j.Models)
	if err != nil {
		return nil, err
	}
	if p.Version() != j.Version {
		return nil, fmt.Errorf("%s holds predictor %.8s, and the job began with %.8s: put that one back, or choose another -output", j.Models, p.Version(), j.Version)
	}
	return func(ctx context.Context, records []record) ([]any, error) {
		predictions, err := p.Predict(ctx, calls(records), nil)
		if err != nil {
			return nil, err
		}
		lines := make([]any, len(records))
		for i, r := range records {
			kept, err := cli.Keep(r.call.Metadata, j.Keep)
			if err != nil {
				return nil, err
			}
			lines[i] = score{predictions[i], kept, r.Place, j.Version}
		}
		return lines, nil
	}, nil
}

func calls(records []record) []transcript.Call {
	all := make([]transcript.Call, len(records))
	for i, r := range records {
		all[i] = r.call
	}
	return all
}
