"""Boosted trees and XGBoost's hist, interleaved on the same rows: python internal/bench/boosted_compare.py [ROWS COLUMNS]

Prints for each turn seconds of fitting (100 rounds, depth 6, 256 bins), of predicting 100,000 rows, and of one row,
and the most memory. Run it from the root of the module with xgboost 3.2 and Go at hand, on an idle machine."""
import json, os, resource, subprocess, sys, tempfile, time
import numpy as np

rows, columns = (int(v) for v in sys.argv[1:3]) if len(sys.argv) > 2 else (50_000, 384)
threads = int(os.environ.get("THREADS", "2"))
g = np.random.default_rng(1)
x = g.normal(size=(rows, columns)).astype("float32")
y = (g.random(rows) < 1 / (1 + np.exp(-x @ g.normal(size=columns) * 3 / columns**0.5))).astype("uint8")
test = g.normal(size=(100_000, columns)).astype("float32")


def reference():
    import xgboost as xgb

    start = time.perf_counter()
    data = xgb.DMatrix(x, label=y, nthread=threads)
    ready = time.perf_counter()
    p = dict(objective="binary:logistic", tree_method="hist", max_depth=6, max_bin=256, nthread=threads)
    b = xgb.train(p, data, 100)
    fitted = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    predict, inplace = [], []
    for _ in range(3):
        t = xgb.DMatrix(test, nthread=threads)  # a new one: it remembers predictions
        start_p = time.perf_counter()
        b.predict(t, output_margin=True)
        middle = time.perf_counter()
        b.inplace_predict(test, predict_type="margin")
        predict.append(middle - start_p)
        inplace.append(time.perf_counter() - middle)
    return {"DMatrix": ready - start, "Fit": fitted - ready, "Predict": min(predict), "InplacePredict": min(inplace),
            "PeakAfterFit": peak}


if __name__ == "__main__":
    if os.environ.get("REFERENCE"):
        print(json.dumps(reference()))
        sys.exit()
    with tempfile.TemporaryDirectory() as d:
        program = d + "/boosted"
        subprocess.run(["go", "build", "-o", program, "./internal/bench/boosted"], check=True)
        for name, a in (("x", x), ("y", y), ("test", test)):
            a.tofile(f"{d}/{name}")
        for turn in range(3):
            ours = subprocess.run([program, "-columns", str(columns), "-x", d + "/x", "-y", d + "/y", "-test", d + "/test"],
                                  check=True, capture_output=True, env=dict(os.environ, GOMAXPROCS=str(threads)))
            theirs = subprocess.run([sys.executable, __file__, str(rows), str(columns)], check=True, capture_output=True,
                                    env=dict(os.environ, REFERENCE="1"))
            a, b = json.loads(ours.stdout), json.loads(theirs.stdout)
            print("ours", {k: round(v, 7) for k, v in a.items()})
            print("xgboost", {k: round(v, 4) for k, v in b.items()})
            print(f"ratios: fit {b['Fit'] / a['Fit']:.2f}, with DMatrix {(b['Fit'] + b['DMatrix']) / a['Fit']:.2f}, "
                  f"predict {min(b['Predict'], b['InplacePredict']) / a['Predict']:.2f}, "
                  f"memory {b['PeakAfterFit'] / a['PeakAfterFit']:.2f}", flush=True)
