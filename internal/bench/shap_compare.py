"""SHAP values of boosted trees and those of XGBoost, LightGBM and shap, interleaved: python internal/bench/shap_compare.py [DEPTH ...]

For each depth (6 and 10 unless named): 100 trees on 20,000 rows of 50 columns, 1,000 rows explained; prints the least time
of three rounds and the ratios, and how far our values are from XGBoost's for the same trees. LightGBM fits trees of its
own, of as many leaves. Run it from the root of the module with xgboost 3.2, lightgbm 4.7, shap 0.51 and Go at hand, on an
idle machine."""
import json, os, subprocess, sys, tempfile, time
import numpy as np

threads = int(os.environ.get("THREADS", "2"))
program = os.environ.get("PROGRAM")  # the built internal/bench/boosted
columns, explained = 50, 1000
g = np.random.default_rng(1)
x = g.normal(size=(20_000, columns)).astype("float32")
y = (x[:, :1] * x[:, :10]).sum(axis=1) + 2 * g.normal(size=len(x)) > 1
rows = x[:explained]


def timed(f):
    start = time.perf_counter()
    f()
    return time.perf_counter() - start


def compare(depth, d):
    import lightgbm as lgb, shap, xgboost as xgb

    options = {"Rounds": 100, "MaxDepth": depth}
    command = [program or d + "/boosted", "-columns", str(columns), "-x", d + "/x", "-y", d + "/y", "-test", d + "/test",
               "-options", json.dumps(options), "-model", d + "/model.json", "-contributions", d + "/values"]
    run = lambda: json.loads(subprocess.run(command, check=True, capture_output=True, env=dict(os.environ, GOMAXPROCS=str(threads))).stdout)
    best = {"ours": run()["Explain"]}
    booster = xgb.Booster({"nthread": threads}, model_file=d + "/model.json")
    light = lgb.train({"objective": "binary", "max_depth": depth, "num_leaves": 2**depth, "min_data_in_leaf": 1, "num_threads": threads,
                       "verbose": -1, "min_sum_hessian_in_leaf": 1, "learning_rate": 0.3, "max_bin": 255}, lgb.Dataset(x, y.astype(int)), 100)
    explainer = shap.TreeExplainer(booster)
    values = {}
    for _ in range(3):
        best["ours"] = min(best["ours"], run()["Explain"])
        data = xgb.DMatrix(rows, nthread=threads)
        for name, f in (("XGBoost", lambda: values.update(xgb=booster.predict(data, pred_contribs=True))),
                        ("LightGBM", lambda: light.predict(rows, pred_contrib=True, num_threads=threads)),
                        ("shap", lambda: explainer.shap_values(rows))):
            best[name] = min(best.get(name, np.inf), timed(f))
    leaves = booster.trees_to_dataframe().Feature.eq("Leaf").sum()
    light_leaves = sum(t["num_leaves"] for t in light.dump_model()["tree_info"])
    ours = np.fromfile(d + "/values").reshape(explained, columns + 1)
    off = np.abs(ours - values["xgb"]).max()
    print(f"depth {depth}, {leaves} leaves (LightGBM {light_leaves}):", ", ".join(f"{k} {v * 1000:.0f} ms" for k, v in best.items()))
    print("  ratios:", ", ".join(f"{k} {v / best['ours']:.2f}" for k, v in best.items() if k != "ours"), f"; largest difference from XGBoost's {off:.1e}", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as d:
        if not program:
            subprocess.run(["go", "build", "-o", d + "/boosted", "./internal/bench/boosted"], check=True)
        for name, a in (("x", x), ("y", y.astype("uint8")), ("test", rows)):
            a.tofile(f"{d}/{name}")
        for depth in [int(v) for v in sys.argv[1:]] or (6, 10):
            compare(depth, d)
