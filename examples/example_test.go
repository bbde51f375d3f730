package examples_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
)

// The lines between the marks stand in README.md too.
func Example() {
	if err := compose(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// synthetic-0001 was won; what counted most was said by the Customer
}

func compose() error {
	// README
	ctx := context.Background()
	calls := transcript.Sample()[:24] // synthetic; transcript.ReadFile reads your own
	labels, err := transcript.Labels(calls)
	if err != nil {
		return err
	}
	docs := make([][]string, len(calls)) // a call is a list of turns
	for i, call := range calls {
		for _, turn := range call.Turns() {
			docs[i] = append(docs[i], turn.Text)
		}
	}
	model, err := encoder.Load(minilm.FS())
	if err != nil {
		return err
	}
	if _, err := triplet.Train(ctx, model, docs, labels, &triplet.Options{TrainLayers: 1}); err != nil {
		return err
	}
	embeddings, err := model.EncodeDocuments(ctx, docs, nil)
	if err != nil {
		return err
	}
	classifier, err := classify.FitLogistic(ctx, embeddings, labels, nil)
	if err != nil {
		return err
	}
	turns, err := model.EncodeSegments(ctx, docs[0], nil)
	if err != nil {
		return err
	}
	why, err := shap.Turns(classifier, shap.Mean(embeddings), turns, nil)
	if err != nil {
		return err
	}
	most := calls[0].Turns()[why.Top(1)[0]]
	fmt.Printf("%s was %s; what counted most was said by the %s\n", calls[0].ID, calls[0].Outcome, most.Speaker)
	// README
	return nil
}

func TestReadme(t *testing.T) {
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	code := strings.Split(string(source), "\t// README\n")[1]
	if code = strings.TrimPrefix(strings.ReplaceAll("\n"+code, "\n\t", "\n"), "\n"); !strings.Contains(string(readme), code) {
		t.Errorf("README.md lacks the lines of Example:\n%s", code)
	}
}
