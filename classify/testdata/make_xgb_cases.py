"""Writes xgb_cases.json.gz: what XGBoost predicts with files that other versions wrote, and fits that are hard for sums.

files: xgb_early.json.gz (the scikit-learn wrapper, stopped early at the first of 16 rounds) and the categorical models of
1.7.6 and 2.1.4, on rows with missing values and categories that were not trained on. fits: nearly saturated rows, as of a
learning rate of 1, and weights over ten orders of magnitude, with as many rows as bins.
"""
import numpy as np
import xgboost as xgb

from reference import read_bytes, with_null, write

g = np.random.default_rng(15)


def rows_for(b):
    x = g.normal(size=(60, b.num_features())).astype("float32")
    for j, kind in enumerate(b.feature_types or []):
        if kind == "c":
            x[:, j] = np.arange(60) % 12
    x[g.random(x.shape) < 0.1] = np.nan
    return x


def predicted(name):
    file = bytearray(read_bytes(name))
    b = xgb.Booster()
    b.load_model(file)
    b.set_param({"nthread": 1})
    x = rows_for(b)
    if b.attr("scikit_learn"):
        c = xgb.XGBClassifier()
        c.load_model(file)
        return {"file": name, "rows": with_null(x), "margin": c.predict(x, output_margin=True).astype(float).tolist(),
                "proba": c.predict_proba(x)[:, 1].astype(float).tolist()}
    d = xgb.DMatrix(x, feature_types=b.feature_types, enable_categorical=True)
    return {"file": name, "rows": with_null(x), "margin": b.predict(d, output_margin=True).astype(float).tolist(),
            "proba": b.predict(d).astype(float).tolist()}


def fitted(name, rounds, x, y, weight, **params):
    d = xgb.DMatrix(x, label=y, weight=weight)
    params = dict(params, objective="binary:logistic", tree_method="hist", max_bin=512, nthread=1)
    b = xgb.train(params, d, rounds)
    return {"name": name, "rounds": rounds, "x": x.astype(float).tolist(), "y": y.tolist(), "weight": weight.astype(float).tolist(),
            "params": params, "margin": b.predict(d, output_margin=True).astype(float).tolist()}


n = 300
x = g.normal(size=(n, 3)).astype("float32")
y = (x[:, 0] + 0.3 * x[:, 1] + 0.2 * g.normal(size=n) > 0).astype(int)
clear = np.where(g.random(n) < 0.02, 1 - y, (x[:, 0] > 0).astype(int))
plain = dict(max_depth=3, reg_lambda=0.01, min_child_weight=0.0)
write("xgb_cases.json.gz", {
    "files": [predicted(f) for f in ("xgb_early.json.gz", "xgb_1.7.6_categorical.json.gz", "xgb_2.1.4_categorical.json.gz")],
    "fits": [fitted("nearly saturated rows", 20, x, clear, np.ones(n), eta=1.0, **plain),
             fitted("weights over ten orders of magnitude", 4, x, y, 10 ** g.uniform(0, 10, n), eta=0.3, **plain)],
})
