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
}

// openModel loads the predictor.
func openModel(dir string, log *slog.Logger, m *metrics) (*model, error) {
	o := &model{dir: dir, log: log, metrics: m}
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

// watch looks at the directory every so often, and at once when now has an element, until ctx ends. A new predictor serves the
// requests that begin from then on. One that cannot be loaded is tried again, less and less often, as it may still be being
// copied; the old one serves on.
func (o *model) watch(ctx context.Context, every time.Duration, now <-chan os.Signal) {
	const slowest = time.Minute
	wait, failed := every, ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-now:
		case <-time.After(wait):
		}
		version, err := conversion.SavedVersion(os.DirFS(o.dir))
		if err == nil && version == o.predictor().Version() {
			wait, failed = every, ""
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
				o.log.Error("the new model cannot be used: the old one serves on", "error", err, "version", o.predictor().Version())
			}
			wait, failed = min(2*wait, max(every, slowest)), err.Error()
			continue
		}
		o.log.Info("another model serves", "version", p.Version(), "before", o.predictor().Version())
		o.serve(p)
		o.metrics.reloads.WithLabelValues("done").Inc()
		wait, failed = every, ""
	}
}
