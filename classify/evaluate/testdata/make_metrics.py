"""Writes metrics.json: scikit-learn's metrics and isotonic calibration of some scores."""
import numpy as np
from sklearn import metrics as m
from sklearn.isotonic import IsotonicRegression

from reference import write

g = np.random.default_rng(5)
cases = []
for n, levels, threshold in ((50, 0, 0.5), (200, 7, 0.4), (500, 0, 0.9), (31, 2, 0.5)):
    y = g.integers(0, 2, n)
    p = 1 / (1 + np.exp(-(g.normal(size=n) + y - 0.5)))
    if levels:
        p = np.round(p * levels) / levels
    c = (p >= threshold).astype(int)
    tn, fp, fn, tp = m.confusion_matrix(y, c).ravel()
    iso = IsotonicRegression(out_of_bounds="clip").fit(p, y)
    cases.append({
        "p": p.tolist(), "y": y.tolist(), "threshold": threshold,
        "metrics": {
            "rows": n, "threshold": threshold, "accuracy": m.accuracy_score(y, c),
            "precision": m.precision_score(y, c, zero_division=0), "recall": m.recall_score(y, c),
            "f1": m.f1_score(y, c), "roc_auc": m.roc_auc_score(y, p), "pr_auc": m.average_precision_score(y, p),
            "log_loss": m.log_loss(y, p), "brier": m.brier_score_loss(y, p),
            "confusion": {"true_positive": int(tp), "false_positive": int(fp), "true_negative": int(tn), "false_negative": int(fn)},
        },
        "isotonic": iso.predict(np.linspace(0, 1, 21)).tolist(),
    })
write("metrics.json", cases)
