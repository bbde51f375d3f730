package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/transcript"
)

// A model is the predictor in a directory: the one that serves, which is replaced when the content of the directory is another.
type model struct {
	dir     string
	log     *slog.Logger
	metrics *metrics
	serving atomic.Pointer[conversion.Predictor]
	loaded  string // the fingerprint of the directory before the last time that what is in it was loaded and found to be whole
}

// openModel loads the predictor.
func openModel(dir string, log *slog.Logger, m *metrics) (*model, error) {
	o := &model{dir: dir, log: log, metrics: m}
	var err error
	if o.loaded, err = conversion.Fingerprint(os.DirFS(dir)); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	p, err := o.load(context.Background())
	if err != nil {
		return nil, err
	}
	o.serve(p)
	return o, nil
}

func (o *model) predictor() *conversion.Predictor { return o.serving.Load() }

func (o *model) serve(p *conversion.Predictor) {
	if before := o.serving.Swap(p); before != nil {
		o.metrics.model.DeleteLabelValues(before.Version())
	}
	o.metrics.model.WithLabelValues(p.Version()).Set(1)
}

// load loads the predictor and tries it on a call: one that cannot predict never serves.
func (o *model) load(ctx context.Context) (*conversion.Predictor, error) {
	p, err := conversion.Load(os.DirFS(o.dir))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.dir, err)
	}
	try := transcript.Call{ID: "try", Text: "Agent: Hello, how are you?\nCustomer: Fine, thank you."}
	if _, err := (&batcher{predict: predict}).recovered(ctx, p, []transcript.Call{try}, false); err != nil {
		return nil, fmt.Errorf("%s: %w", o.dir, err)
	}
	return p, nil
}

// watch looks at the directory every so often, and at once when at has an element, until ctx ends. Where a file was changed, all
// are loaded, by which each is verified against its hash: so damage is noticed before the next start. A new predictor serves the
// requests that begin from then on. One that cannot be loaded is tried again, less and less often, as it may still be being
// copied; the old one serves on.
func (o *model) watch(ctx context.Context, every time.Duration, at <-chan os.Signal) {
	const slowest = time.Minute
	wait, failed := every, ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-at:
		case <-time.After(wait):
		}
		now, err := conversion.Fingerprint(os.DirFS(o.dir))
		if err == nil && now == o.loaded && failed == "" {
			continue
		}
		var p *conversion.Predictor
		if err == nil {
			p, err = o.load(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			o.metrics.reloads.WithLabelValues("failed").Inc()
			if failed != err.Error() {
				o.log.Error("the model in the directory cannot be loaded: the previous one keeps serving", "error", err, "version", o.predictor().Version())
			}
			wait, failed = min(2*wait, max(every, slowest)), err.Error()
			continue
		}
		o.loaded, wait, failed = now, every, ""
		if p.Version() == o.predictor().Version() {
			continue // files were written anew, or mended
		}
		o.log.Info("another model serves", "version", p.Version(), "before", o.predictor().Version())
		o.serve(p)
		o.metrics.reloads.WithLabelValues("done").Inc()
	}
}
