"""Writes xgb_more.json.gz: kinds of models that make_xgboost.py leaves out (DART, categories, deep trees, random forests,
a single stump), with predictions."""
import base64

import numpy as np
import xgboost as xgb

from reference import with_null, write

g = np.random.default_rng(7)
n = 300
x = g.normal(size=(n, 5)).astype("float32")
x[:, 3] = g.integers(0, 3, n)    # one-hot splits
x[:, 4] = g.integers(0, 40, n)   # splits by sets of categories
effect = g.normal(size=40) * 2
y = (x[:, 0] + (x[:, 3] == 1) + effect[x[:, 4].astype(int)] + g.normal(size=n) > 0.5).astype(int)
x[g.random(x.shape) < 0.05] = np.nan
test = x[:40].copy()
test[0, 4], test[1, 4], test[2, 3] = 45, 1000, 7  # not seen in training
kinds = ["q", "q", "q", "c", "c"]
settings = {
    "categories": dict(max_depth=4, tree_method="hist"),
    "dart": dict(booster="dart", rate_drop=0.5, max_depth=3, seed=3),
    "deep": dict(grow_policy="lossguide", max_leaves=60, max_depth=0, min_child_weight=0, reg_lambda=0.01),
    "forest": dict(num_parallel_tree=3, subsample=0.5, max_depth=3, scale_pos_weight=2.0),
    "small": dict(max_depth=1, base_score=0.3),
}
out = []
for name, p in settings.items():
    d = xgb.DMatrix(x, label=y, feature_types=kinds, enable_categorical=True)
    b = xgb.train(dict(p, objective="binary:logistic", nthread=1), d, 2 if name == "small" else 8)
    t = xgb.DMatrix(test, feature_types=kinds, enable_categorical=True)
    out.append({"name": name, "json": b.save_raw("json").decode(), "ubj": base64.b64encode(b.save_raw("ubj")).decode(),
                "margin": b.predict(t, output_margin=True).astype(float).tolist(), "proba": b.predict(t).astype(float).tolist()})
write("xgb_more.json.gz", {"rows": with_null(test), "train": with_null(x), "y": y.tolist(), "models": out})
