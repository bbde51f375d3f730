"""Writes xgb_kept.json.gz: models whose files hold more than trees, and their predictions.

early: the scikit-learn wrapper, stopped early; categories: strings and numbers as categories, names of columns, an
attribute; empty: DART without trees. Also bad.config, bad.dump and bad.text: what save_config and dump_model write.
"""
import tempfile

import numpy as np
import pandas as pd
import xgboost as xgb

from reference import write

g = np.random.default_rng(1)
n = 200
df = pd.DataFrame({"city": pd.Categorical(g.choice(["Aachen", "Bonn", "Cologne"], n)), "size": g.normal(size=n),
                   "plan": pd.Categorical(g.choice([10, 20, 40], n))})
y = ((df["city"] == "Bonn") * 2 + (df["plan"] == 40) + g.normal(size=n) > 1).astype(int)
codes = np.column_stack([df["city"].cat.codes, df["size"], df["plan"].cat.codes]).astype("float32")


def text(b):
    return b.save_raw("json").decode()


early = xgb.XGBClassifier(n_estimators=40, max_depth=3, early_stopping_rounds=3, learning_rate=0.8, n_jobs=1)
early.fit(codes[:100], y[:100], eval_set=[(codes[100:], y[100:])], verbose=False)
d = xgb.DMatrix(df, label=y, enable_categorical=True)
b = xgb.train(dict(objective="binary:logistic", max_depth=3, nthread=1), d, 4)
b.set_attr(note="kept")
empty = xgb.train(dict(booster="dart", objective="binary:logistic", nthread=1), d, 0)
with tempfile.TemporaryDirectory() as t:
    b.dump_model(t + "/d.json", dump_format="json")
    b.dump_model(t + "/d.txt")
    early.save_model(t + "/early.json")
    dumps, early_file = (open(t + "/d.json").read(), open(t + "/d.txt").read()), open(t + "/early.json").read()
out = {
    "rows": codes.astype(float).tolist(),
    "early": {"file": early_file, "proba": early.predict_proba(codes)[:, 1].astype(float).tolist(),
              "all": early.predict_proba(codes, iteration_range=(0, early.get_booster().num_boosted_rounds()))[:, 1].astype(float).tolist()},
    "categories": {"file": text(b), "proba": b.predict(d).astype(float).tolist()},
    "empty": {"file": text(empty)},
    "bad": {"config": b.save_config(), "dump": dumps[0], "text": dumps[1]},
}
write("xgb_kept.json.gz", out)
