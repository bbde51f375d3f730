package kernel_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/tsne"
)

// TestUnknownBackendIsAnError checks, in a process of its own, that whatever gives access to kernels returns the
// error of a back end that is not to be had.
func TestUnknownBackendIsAnError(t *testing.T) {
	const unknown = "abacus"
	if os.Getenv("SALESCONV_KERNEL") != unknown {
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), "SALESCONV_KERNEL="+unknown)
		if out, err := child.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	x, y := mat.NewDense(4, 1, []float64{1, 2, 3, 4}), []int{0, 0, 1, 1}
	for name, call := range map[string]func() error{
		"encoder.Load":         func() error { _, err := encoder.Load(minilm.FS()); return err },
		"classify.FitLogistic": func() error { _, err := classify.FitLogistic(t.Context(), x, y, nil); return err },
		"classify.FitBoosted":  func() error { _, err := classify.FitBoosted(t.Context(), x, y, nil); return err },
		"classify.Load":        func() error { _, err := classify.Load(strings.NewReader("{}")); return err },
		"classify.ReadXGBoost": func() error { _, err := classify.ReadXGBoost(strings.NewReader("{}")); return err },
		"tsne.Embed":           func() error { _, err := tsne.Embed(t.Context(), x, nil); return err },
	} {
		if err := call(); err == nil || !strings.Contains(err.Error(), `no back end "abacus" (SALESCONV_KERNEL)`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
