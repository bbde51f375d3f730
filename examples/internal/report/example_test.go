package report_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/internal/figure"
)

func ExamplePage() {
	bars, err := figure.Bars("ROC AUC", "AUC, 95% interval", "%.2f", 0.5, []figure.Bar{
		{Name: "fine-tuned", Value: 0.81, Low: 0.74, High: 0.88},
		{Name: "tf-idf", Value: 0.70, Low: 0.62, High: 0.77},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	chart, err := report.NewFigure("On held-out calls.", func(w io.Writer) error { return bars.Write(w, "svg") })
	if err != nil {
		fmt.Println(err)
		return
	}
	page := report.Page{
		Title: "Comparison",
		Sections: []report.Section{{Title: "Results", Blocks: []report.Block{
			report.Text("Fine-tuning helps."),
			report.Table{Columns: []string{"Features", "AUC"}, Rows: [][]string{{"fine-tuned", "0.81"}, {"tf-idf", "0.70"}}},
			report.Figures{chart},
		}}},
	}
	var html bytes.Buffer
	if err := page.Write(&html); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Contains(html.String(), `<td>tf-idf</td><td class="number">0.70</td>`), strings.Count(html.String(), "<svg"))
	// Output: true 1
}
