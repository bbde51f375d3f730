"""Writes what shap and XGBoost give for models of classify/testdata, whose scripts have to run before.

linear.json.gz: coefficients of LogisticRegression(C=1), test rows and the values of shap.LinearExplainer, with the 100 of
the 400 training rows that it takes as its background.
tree.json.gz: test rows (null: missing) and five models with margins, pred_contribs and, for two of them,
pred_interactions of three rows and shap.TreeExplainer's interventional values (missing values read as 0).
exact.json.gz: for a linear model of six columns, the values of shap.LinearExplainer for correlated columns over all 720
orders, of its log-odds; those of shap.explainers.Exact, of its probability; and for the products of columns that the test
knows, the Owen values of shap.PartitionExplainer over pairs of pairs.
"""
import itertools
import json

import numpy as np
import shap
import xgboost as xgb
from sklearn.linear_model import LogisticRegression

from reference import read, read_bytes, write

MODELS = ["xgb_exact_0", "xgb_exact_1", "xgb_hist_0", "xgb_hist_3", "xgb_hist_4"]
TWO = ["xgb_exact_0", "xgb_hist_0"]  # those with interactions and interventional values
CLASSIFY = "../../classify/testdata/"

d = read(CLASSIFY + "logistic.json.gz")
x, test = np.array(d["X"]), np.array(d["Xtest"])
m = LogisticRegression(C=1.0, tol=1e-10, max_iter=10000).fit(x, d["y"])
explainer = shap.LinearExplainer(m, x)
write("linear.json.gz", {
    "coefficients": m.coef_[0].tolist(), "intercept": float(m.intercept_[0]),
    "background": explainer.masker.data.tolist(), "rows": test.tolist(), "values": explainer.shap_values(test).tolist(),
}, separators=(",", ":"))

d = read(CLASSIFY + "xgboost.json.gz")
test = np.array(d["Xtest"], dtype="float32")
filled, background = np.nan_to_num(test), x[:50].astype("float32")
models = []
for name in MODELS:
    data = read_bytes(f"{CLASSIFY}{name}.json.gz")
    b = xgb.Booster(model_file=bytearray(data))
    rows = xgb.DMatrix(test)
    m = {
        "file": name + ".json", "model": json.loads(data),
        "margins": b.predict(rows, output_margin=True).astype(float).tolist(),
        "contributions": b.predict(rows, pred_contribs=True).astype(float).round(7).tolist(),
        "interventional": None, "interactions": None,
    }
    if name in TWO:
        explainer = shap.TreeExplainer(b, data=background, feature_perturbation="interventional", model_output="raw")
        m["interventional"] = explainer.shap_values(filled).astype(float).round(7).tolist()
        m["interactions"] = b.predict(xgb.DMatrix(test[:3]), pred_interactions=True).astype(float).round(7).tolist()
    models.append(m)
write("tree.json.gz", {"rows": d["Xtest"], "background": background.tolist(), "models": models}, separators=(",", ":"))

rng = np.random.default_rng(4)
columns = 6
weights, mean = rng.normal(size=columns), rng.normal(size=columns)
mixed = rng.normal(size=(columns, columns))
covariance = mixed @ mixed.T + np.eye(columns)
rows = rng.normal(size=(5, columns))
orders = itertools.permutations(range(columns))


def next_order(order):
    order[:] = next(orders)


np.random.shuffle = next_order  # of LinearExplainer, which draws orders
correlated = shap.LinearExplainer((weights, 0.3), (mean, covariance), feature_perturbation="correlation_dependent", nsamples=720)
probability = shap.explainers.Exact(lambda x: 1 / (1 + np.exp(-(x @ weights + 0.3))), shap.maskers.Independent(mean[None]))


def products(x):
    return x[:, 0] * x[:, 3] * x[:, 4] + 2 * x[:, 0] * x[:, 1] - x[:, 2] * x[:, 5] + x[:, 1] * x[:, 2] * x[:, 3] + x[:, 5]


pairs = np.array([[0, 1, 1, 2], [2, 3, 1, 2], [4, 5, 1, 2], [6, 7, 2, 4], [8, 9, 3, 6]], float)  # joined, at a distance, players
partition = shap.PartitionExplainer(products, shap.maskers.Partition(np.zeros((1, columns)), clustering=pairs))
write("exact.json.gz", {
    "weights": weights.tolist(), "intercept": 0.3, "mean": mean.tolist(), "covariance": covariance.tolist(), "rows": rows.tolist(),
    "correlated": correlated.shap_values(rows).tolist(), "probability": probability(rows).values.tolist(),
    "owen": partition(rows, max_evals=10000).values.tolist(),
}, separators=(",", ":"))
