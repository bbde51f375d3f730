package examples_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/transcript"
)

// The lines between the marks stand in README.md too.
func Example() {
	if err := compose(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// synthetic-0082 is won with 66%, above all because the Agent says "Good question."…
}

func compose() error {
	// README
	ctx := context.Background()
	calls := transcript.Sample() // synthetic; transcript.ReadFile reads your own
	train, later := calls[:80], calls[81:84]
	// Frozen takes seconds. By default the encoder is fine-tuned, which takes minutes.
	p, _, err := conversion.Fit(ctx, train, &conversion.Options{Frozen: true})
	if err != nil {
		return err
	}
	predictions, err := p.Predict(ctx, later, nil)
	if err != nil {
		return err
	}
	why, err := p.Explain(ctx, later[0], nil)
	if err != nil {
		return err
	}
	most := slices.MaxFunc(why.Turns, func(a, b conversion.TurnShare) int { return cmp.Compare(a.Contribution, b.Contribution) })
	fmt.Printf("%s is won with %.0f%%, above all because the %s says %.14q…\n", later[0].ID, 100*predictions[0].Probability, most.Speaker, most.Text)
	// p.Save("models") keeps the predictor, for conversion.Load and for the commands predict and explain.
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
