package main

import (
	"fmt"

	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/figure"
)

// during shows how well the held-out calls are predicted while they go on.
func (r *results) during() report.Table {
	t := report.Table{Columns: []string{"of the turns", "ROC AUC", "log loss", "as if it ended there: ROC AUC", "log loss", "log loss of the share won"},
		Caption: "The held-out calls in progress, after a share of their turns. The model of calls in progress was trained on beginnings of calls; " +
			"as if it ended there: the model of whole calls on the same turns. After all turns the call is over, and both are the model of whole calls."}
	for _, p := range r.During.HeldOut.Points {
		t.Rows = append(t.Rows, []string{fmt.Sprintf("%.0f%%", 100*p.Share), study.Three(p.ROCAUC), study.Three(p.LogLoss), study.Three(p.WholeROCAUC), study.Three(p.WholeLogLoss),
			study.Three(p.BaseLogLoss)})
	}
	return t
}

// slipping reports the false alarms and hits of the alarm of calls in progress.
func (r *results) slipping() string {
	rule, a := r.During.Alarm, r.During.HeldOut.Alarm
	if rule.Threshold == 0 {
		return fmt.Sprintf("There is no alarm for calls in progress: too few calls were won to keep false alarms below %.0f%%.", 100*rule.FalseAlarms)
	}
	s := fmt.Sprintf("A call in progress is slipping when its probability is below %.1f%%. At most %.0f%% of the won calls should ever be slipping. On the held-out calls, %d of %d won and %d of %d lost calls were.",
		100*rule.Threshold, 100*rule.FalseAlarms, a.FalseAlarms, a.Won, a.Alarms, a.Lost)
	if slipping := a.Alarms + a.FalseAlarms; slipping > 0 {
		s += fmt.Sprintf(" Of the slipping calls %s were lost in the end, of all calls %s.", figure.Percent(float64(a.Alarms)/float64(slipping)), figure.Percent(float64(a.Lost)/float64(a.Lost+a.Won)))
	}
	if a.Alarms > 0 {
		s += fmt.Sprintf(" The alarm of the lost calls came %.0f turns before their end (median), with %.0f%% of the turns still to come.", a.Lead, 100*a.LeadShare)
	}
	return s
}
