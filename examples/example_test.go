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

// The lines between the marks are in README.md too.
func Example() {
	if err := predict(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// synthetic-0181: P(win) 0.34
	// strongest turn in favour, by the Customer: "Make it half an hour later and you have a deal."
}

func predict() error {
	// README
	ctx := context.Background()
	calls := transcript.Sample() // synthetic; transcript.ReadFile reads your own
	train, test := calls[:180], calls[180:]
	predictor, _, err := conversion.Fit(ctx, train, &conversion.Options{Frozen: true}) // without Frozen, minutes: the encoder is fine-tuned
	if err != nil {
		return err
	}
	predictions, err := predictor.Predict(ctx, test, nil)
	if err != nil {
		return err
	}
	fmt.Printf("%s: P(win) %.2f\n", predictions[0].ID, predictions[0].Probability)
	why, err := predictor.Explain(ctx, test[0], nil)
	if err != nil {
		return err
	}
	best := slices.MaxFunc(why.Turns, func(a, b conversion.TurnShare) int { return cmp.Compare(a.Contribution, b.Contribution) })
	fmt.Printf("strongest turn in favour, by the %s: %q\n", best.Speaker, best.Text)
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
