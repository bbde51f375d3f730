"""Python's xgboost loads what we write and predicts the same, and we what it saves of that, as JSON and as UBJSON, and it what
we write again: python internal/bench/xgboost_check.py

Run it from the root of the module with xgboost 3.2 and Go at hand. It ends with an error if any log-odds differ."""
import json, subprocess, sys, tempfile
import numpy as np, xgboost as xgb

g = np.random.default_rng(2)
x = g.normal(size=(2000, 8)).astype("float32")
x[:, 6], x[:, 7] = g.integers(0, 3, 2000), g.integers(0, 30, 2000)
y = (x[:, 0] - x[:, 1] + (x[:, 6] == 2) + np.sin(x[:, 7]) + g.normal(size=2000) > 0).astype("uint8")
x[g.random(x.shape) < 0.1] = np.nan
settings = {
    "hist": {},
    "exact": {"Exact": True, "Gamma": 1},
    "loss guide": {"LossGuide": True, "MaxLeaves": 40, "MaxDepth": -1},
    "categories": {"Categorical": [6, 7], "PosWeight": 2},
    "base score": {"BaseScore": 0.2, "Rounds": 30, "Monotone": [1, -1, 0, 0, 0, 0, 0, 0], "Interactions": [[0, 1, 2], [3, 4, 5, 6, 7]]},
    "deep": {"MaxDepth": 9, "Alpha": 0.5, "MaxDeltaStep": 1, "Categorical": [7], "MinChildWeight": -1},
    "dart of categories": {"Dart": {"Drop": 0.2, "Weighted": True}, "Categorical": [6, 7], "BaseScore": 0.4},
    "dart": {"Dart": {"Drop": 0.3}, "Subsample": 0.7, "ColumnsByNode": 0.5},
}
worst = 0
with tempfile.TemporaryDirectory() as d:
    x.tofile(d + "/x"), y.tofile(d + "/y")
    subprocess.run(["go", "build", "-o", d + "/boosted", "./internal/bench/boosted"], check=True)

    def run(*args):
        subprocess.run([d + "/boosted", "-columns", "8", "-test", d + "/x", "-margins", d + "/margins", *args], check=True, capture_output=True)
        return np.fromfile(d + "/margins", "float32")

    def load(model):
        b = xgb.Booster(model_file=model)
        return b, b.predict(data, output_margin=True)

    for name, options in settings.items():
        ours = run("-x", d + "/x", "-y", d + "/y", "-options", json.dumps(options), "-model", d + "/model.json")
        types = ["c" if j in options.get("Categorical", []) else "float" for j in range(8)]
        data = xgb.DMatrix(x, feature_types=types if "c" in types else None, enable_categorical="c" in types)
        b, theirs = load(d + "/model.json")
        difference = float(np.abs(theirs - ours).max())
        b.set_attr(note="by Python")
        for ending in "json", "ubj":
            b.save_model(d + "/theirs." + ending)
            again = run("-read", d + "/theirs." + ending, "-model", d + "/again.json")
            last, theirs = load(d + "/again.json")
            difference = max(difference, float(np.abs(again - ours).max()), float(np.abs(theirs - ours).max()))
            assert last.attr("note") == "by Python"
        loss = float(-np.log(np.where(y == 1, b.predict(data), 1 - b.predict(data))).mean())
        print(f"{name}: {b.num_boosted_rounds()} trees, log loss {loss:.4f}, largest difference {difference:.2g}")
        worst = max(worst, difference)
sys.exit(worst > 0)
