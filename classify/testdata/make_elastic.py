"""Writes elastic.json.gz: scikit-learn's elastic net on the sample of make_logistic.py, its ridge on standardized columns,
and the inverse of the ridge's Hessian."""
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from reference import read, write

d = read("logistic.json.gz")
x, y, weight = np.array(d["X"]), np.array(d["y"]), np.array(d["weight"])
out = {"elastic": []}
for c in (0.02, 1.0):
    for ratio in (0.5, 1.0):
        m = LogisticRegression(C=c, l1_ratio=ratio, solver="saga", tol=1e-12, max_iter=200000).fit(x, y, sample_weight=weight)
        out["elastic"].append({"C": c, "ratio": ratio, "coef": m.coef_[0].tolist(), "intercept": float(m.intercept_[0])})
z = x * np.logspace(-2, 3, x.shape[1]) + 7  # columns of very different scales
s = StandardScaler().fit(z)
m = LogisticRegression(C=1, tol=1e-12, max_iter=100000).fit(s.transform(z), y)
c = m.coef_[0] / s.scale_
out["standardized"] = {"coef": c.tolist(), "intercept": float(m.intercept_[0] - c @ s.mean_)}
m = LogisticRegression(C=1, tol=1e-12, max_iter=100000).fit(x, y)
a = np.c_[x, np.ones(len(x))]
p = m.predict_proba(x)[:, 1]
out["covariance"] = np.linalg.inv(a.T @ (a * (p * (1 - p))[:, None]) + np.diag([1.0] * x.shape[1] + [0.0])).tolist()
write("elastic.json.gz", out)
