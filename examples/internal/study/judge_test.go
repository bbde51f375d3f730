package study

import (
	"strings"
	"testing"

	"github.com/org/salesconv/classify/evaluate"
)

// predictions are 20 calls whose scores are right but for two; the last n are won.
func predictions(won int) *evaluate.OutOfFold {
	out := new(evaluate.OutOfFold)
	for i := range 20 {
		label := 0
		if i >= 20-won {
			label = 1
		}
		out.Row, out.Fold, out.Y, out.P = append(out.Row, i), append(out.Fold, 0), append(out.Y, label), append(out.P, float64(i+1)/22)
	}
	out.P[19], out.P[0] = out.P[0], out.P[19]
	return out
}

func TestJudgeSaysWhatIntervalsRestOn(t *testing.T) {
	var three, two, one []string
	for i := range 20 {
		three, two, one = append(three, string(rune('a'+i%3))), append(two, []string{"a", ""}[i/19]), append(one, "a")
	}
	for _, c := range []struct {
		name   string
		groups []string
		want   int
		said   string
	}{
		{"every call for itself", nil, 20, "over 20 agents."},
		{"three agents", three, 3, "over 3 agents. These are too few"},
		{"an agent and a call without one", two, 2, "over 2 agents. These are too few"},
		{"one agent", one, 1, "no intervals and no tests"},
	} {
		resample := &evaluate.ResampleOptions{Groups: c.groups, Samples: 50}
		m, err := Judge(t.Context(), "a", predictions(8), resample)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if m.Groups != c.want || (m.AUC == nil) != (c.want == 1) || !strings.Contains(m.Intervals("agents"), c.said) {
			t.Errorf("%s: %d groups, interval %v, %q", c.name, m.Groups, m.AUC, m.Intervals("agents"))
		}
		b, err := Judge(t.Context(), "b", predictions(8), resample)
		if err != nil {
			t.Fatal(err)
		}
		verdicts, err := Verdicts(t.Context(), []Method{m, b}, [][2]string{{"a", "b"}, {"a", "missing"}}, resample)
		if err != nil || len(verdicts) != min(1, c.want-1) {
			t.Errorf("%s: %d verdicts, error %v", c.name, len(verdicts), err)
		}
		if row := Table([]Method{m}, "method", "").Rows[0]; (row[2] == "–") != (c.want == 1) {
			t.Errorf("%s: row %q", c.name, row)
		}
	}
}

func TestTableOfFewWonCalls(t *testing.T) {
	for won, want := range map[int]string{2: "PR AUC", 8: "ROC AUC"} {
		m, err := Judge(t.Context(), "a", predictions(won), new(evaluate.ResampleOptions))
		if err != nil {
			t.Fatal(err)
		}
		table := Table([]Method{m}, "method", "")
		if table.Columns[1] != want || len(table.Rows[0]) != len(table.Columns) {
			t.Errorf("%d of 20 won: columns %q of %q", won, table.Columns, table.Rows[0])
		}
		if won == 2 && (table.Rows[0][1] != Three(m.PRAUC) || table.Rows[0][2] != "5.00" || table.Rows[0][3] != Three(m.ROCAUC)) {
			t.Errorf("row %q of %+v", table.Rows[0], m)
		}
	}
}

func TestPIsNeverZero(t *testing.T) {
	for p, want := range map[float64]string{0: "<0.001", 0.00049: "<0.001", 0.001: "0.001", 0.471: "0.471", 1: "1.000"} {
		if got := P(p); got != want {
			t.Errorf("%v is shown as %s", p, got)
		}
	}
}

func TestDistinct(t *testing.T) {
	other := predictions(8)
	other.P[3] = 0.5
	methods := []Method{{Name: "a", out: predictions(8)}, {Name: "b", out: other}, {Name: "best", out: predictions(8)}}
	if got := Distinct(methods, "best"); len(got) != 2 || got[0].Name != "b" || got[1].Name != "best" {
		t.Errorf("%+v are distinct", got)
	}
	if got := Distinct(methods, "none"); len(got) != 3 {
		t.Errorf("without the name %d methods are left, want all", len(got))
	}
}
