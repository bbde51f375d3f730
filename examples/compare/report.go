package main

import (
	"fmt"
	"io"

	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/examples/internal/study"
)

// sample says what was measured.
func (r *results) sample() string {
	return fmt.Sprintf("%d %scalls, %d of them won, in %d folds by agent (%s)", r.Calls, r.kind, r.Won, r.Options.Folds, r.Source)
}

// leak says what the metadata give away.
func (r *results) leak() string {
	switch {
	case r.Leak == nil:
		return "The calls have no metadata that differ."
	case r.Leak.Warning != "":
		return "Warning: " + r.Leak.Warning
	}
	return fmt.Sprintf("Metadata alone: ROC AUC %v, no more than chance explains.", r.Leak.AUC)
}

// print writes table and verdicts.
func (r *results) print(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", r.sample())
	study.Print(w, r.table(), r.Verdicts)
	fmt.Fprintf(w, "\n%s\n", r.leak())
}

func (r *results) table() report.Table {
	return study.Table(r.Ways, "features, classifier",
		"The stack joins tf-idf, turn means, last turns and trend of the generic encoder. Intervals are 95%, by bootstrap over agents.")
}

func (r *results) page() (*report.Page, error) {
	var named []string
	for _, w := range r.Ways {
		named = append(named, w.Name)
	}
	charts, err := study.Charts(r.Ways, named)
	if err != nil {
		return nil, err
	}
	var differences []report.Block
	for _, v := range r.Verdicts {
		differences = append(differences, report.Text(v.Text))
	}
	return &report.Page{
		Title: "Which features, which classifier?",
		Lead:  r.sample() + ". Every call is predicted by models that learned nothing from it or from its agent's other calls.",
		Sections: []report.Section{
			{Title: "Out of fold", Blocks: []report.Block{r.table()}},
			{Title: "Charts", Blocks: []report.Block{charts}},
			{Title: "Differences", Blocks: append(differences, study.Differences(r.Verdicts))},
			{Title: "Metadata", Blocks: []report.Block{report.Text(r.leak())}},
		},
		Footer: fmt.Sprintf("Seed %d, %d epochs of tuning in each fold.", r.Options.Seed, r.Options.Epochs),
	}, nil
}
