"""Writes elastic.json: scikit-learn's elastic net on the sample of logistic.json, and the covariance of the ridge.

Usage: make_elastic.py < logistic.json > elastic.json
"""
import json, sys
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

d = json.load(sys.stdin)
X, y, w = np.array(d["X"]), np.array(d["y"]), np.array(d["weight"])
out = {"elastic": []}
for C in (0.02, 1.0):
    for ratio in (0.5, 1.0):
        m = LogisticRegression(C=C, l1_ratio=ratio, solver="saga", tol=1e-12, max_iter=200000).fit(X, y, sample_weight=w)
        out["elastic"].append({"C": C, "ratio": ratio, "coef": m.coef_[0].tolist(), "intercept": float(m.intercept_[0])})
Z = X * np.logspace(-2, 3, X.shape[1]) + 7  # columns of very different scales
s = StandardScaler().fit(Z)
m = LogisticRegression(C=1, tol=1e-12, max_iter=100000).fit(s.transform(Z), y)
c = m.coef_[0] / s.scale_
out["standardized"] = {"coef": c.tolist(), "intercept": float(m.intercept_[0] - c @ s.mean_)}
m = LogisticRegression(C=1, tol=1e-12, max_iter=100000).fit(X, y)
A = np.c_[X, np.ones(len(X))]
p = m.predict_proba(X)[:, 1]
out["covariance"] = np.linalg.inv(A.T @ (A * (p * (1 - p))[:, None]) + np.diag([1.0] * X.shape[1] + [0.0])).tolist()
json.dump(out, sys.stdout)
