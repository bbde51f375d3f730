"""Boosted trees, XGBoost's hist and LightGBM, interleaved on the same rows: python internal/bench/boosted_compare.py [ROWS COLUMNS]

Prints for each turn seconds of fitting from rows in memory (100 rounds, depth 6, 256 bins), of predicting 100,000 rows,
and of one row, the most memory, the ROC AUC on those rows, and the ratios of the references' time and memory to ours. LightGBM
grows up to 64 leaves and builds its histograms by rows or by columns, whichever is faster, with and without quantized
gradients. Run it from the root of the module with xgboost 3.2, lightgbm 4.7 and Go at hand, on an idle machine."""
import json, os, resource, subprocess, sys, tempfile, time
import numpy as np

rows, columns = (int(v) for v in sys.argv[1:3]) if len(sys.argv) > 2 else (50_000, 384)
threads = int(os.environ.get("THREADS", "2"))
g = np.random.default_rng(1)
w = g.normal(size=columns)


def sample(n):
    x = g.normal(size=(n, columns)).astype("float32")
    return x, (g.random(n) < 1 / (1 + np.exp(-x @ w * 3 / columns**0.5))).astype("uint8")


(x, y), (test, labels) = sample(rows), sample(100_000)


def auc(p):
    rank = np.empty(len(p))
    rank[np.argsort(p)] = np.arange(1, len(p) + 1)
    won = labels == 1
    return float((rank[won].mean() - (won.sum() + 1) / 2) / (~won).sum())


def timed(f):
    start = time.perf_counter()
    result = f()
    return time.perf_counter() - start, result


def xgboost():
    import xgboost as xgb

    options = dict(objective="binary:logistic", tree_method="hist", max_depth=6, max_bin=256, nthread=threads)
    fit, model = timed(lambda: xgb.train(options, xgb.DMatrix(x, label=y, nthread=threads), 100))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    predict = []
    for _ in range(3):
        data = xgb.DMatrix(test, nthread=threads)  # a new one: it remembers predictions
        predict.append(timed(lambda: model.predict(data, output_margin=True))[0])
        seconds, p = timed(lambda: model.inplace_predict(test, predict_type="margin"))
        predict.append(seconds)
    return {"Fit": fit, "Predict": min(predict), "PeakAfterFit": peak, "AUC": auc(p)}


def lightgbm(**options):
    import lightgbm as lgb

    options = dict(options, objective="binary", max_depth=6, num_leaves=64, max_bin=255, learning_rate=0.3, lambda_l2=1,
                   min_data_in_leaf=1, min_sum_hessian_in_leaf=1, feature_pre_filter=False, num_threads=threads, verbose=-1)
    fit, predict, peak = [], [], []
    for layout in ("force_row_wise", "force_col_wise"):
        settings = dict(options, **{layout: True})
        seconds, model = timed(lambda: lgb.train(settings, lgb.Dataset(x, label=y, params=settings), 100))
        fit.append(seconds)
        peak.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        seconds, p = timed(lambda: model.predict(test, raw_score=True, num_threads=threads))
        predict.append(seconds)
    return {"Fit": min(fit), "Predict": min(predict), "PeakAfterFit": peak[0], "AUC": auc(p)}  # memory with the first layout


references = {"XGBoost": xgboost, "LightGBM": lightgbm, "LightGBM, quantized": lambda: lightgbm(use_quantized_grad=True)}

if __name__ == "__main__":
    if name := os.environ.get("REFERENCE"):
        print(json.dumps(references[name]()))
        sys.exit()
    with tempfile.TemporaryDirectory() as d:
        program = d + "/boosted"
        subprocess.run(["go", "build", "-o", program, "./internal/bench/boosted"], check=True)
        for name, a in (("x", x), ("y", y), ("test", test)):
            a.tofile(f"{d}/{name}")
        ours = [program, "-columns", str(columns), "-x", d + "/x", "-y", d + "/y", "-test", d + "/test", "-margins", d + "/margins"]
        for turn in range(3):
            run = subprocess.run(ours, check=True, capture_output=True, env=dict(os.environ, GOMAXPROCS=str(threads)))
            a = dict(json.loads(run.stdout), AUC=auc(np.fromfile(d + "/margins", "float32")))
            print("salesconv", {k: round(v, 7) for k, v in a.items()})
            for name in references:
                run = subprocess.run([sys.executable, __file__, str(rows), str(columns)], check=True, capture_output=True,
                                     env=dict(os.environ, REFERENCE=name))
                b = json.loads(run.stdout)
                print(name, {k: round(v, 4) for k, v in b.items()}, "times ours:",
                      {k: round(b[k] / a[k], 2) for k in ("Fit", "Predict", "PeakAfterFit")}, flush=True)
