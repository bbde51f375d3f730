"""Logistic regression and scikit-learn's lbfgs, interleaved on the same rows: python internal/bench/logistic_compare.py

Prints the seconds of a fit to the same tolerance (largest derivative of the mean objective), their ratio, and the mean
objective that each reached. Run it from the root of the module with scikit-learn 1.9 and Go at hand, on an idle machine."""
import json, os, subprocess, sys, tempfile, time, warnings
import numpy as np

columns, threads = 384, os.environ.get("THREADS", "2")


def sample(rows, kind):
    g = np.random.default_rng(1)
    if kind == "normal":
        x = g.normal(size=(rows, columns))
        y = x @ g.normal(size=columns) * 0.1 + g.logistic(size=rows) > 0
    else:  # unit rows about a common mean, their spectrum decaying, as embeddings are
        x = g.normal(size=(rows, columns)) @ (g.normal(size=(columns, columns)) / np.sqrt(1 + np.arange(columns))[:, None])
        x += 3 * g.normal(size=columns)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        s = x @ g.normal(size=columns) * 4
        y = s - s.mean() + g.logistic(size=rows) > 0
    return x.astype("float32").astype("float64"), y.astype("uint8")


def reference(path, dtype, tolerance):
    from sklearn.linear_model import LogisticRegression

    y = np.fromfile(path + "/y", "uint8")
    x = np.fromfile(path + "/x").reshape(len(y), columns).astype(dtype)
    fits = []
    for _ in range(5):
        start = time.perf_counter()
        m = LogisticRegression(tol=float(tolerance), max_iter=100000).fit(x, y)
        fits.append(time.perf_counter() - start)
    print(json.dumps({"Fit": min(fits), "Coefficients": m.coef_[0].tolist(), "Intercept": float(m.intercept_[0]),
                      "Iterations": int(m.n_iter_[0])}))


def objective(r, x, y):
    w = np.array(r["Coefficients"])
    z = x @ w + r["Intercept"]
    return np.logaddexp(0, (1 - 2 * y.astype(float)) * z).mean() + w @ w / 2 / len(y)


def turns(program, path, x, y, dtype, tolerance):
    env = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    env.update(GOMAXPROCS=threads, OPENBLAS_NUM_THREADS=threads, OMP_NUM_THREADS=threads)
    ours_command = [program, "-x", path + "/x", "-y", path + "/y", "-tolerance", tolerance, f"-float32={dtype == 'float32'}"]
    ratios, ours, theirs = [], None, None
    for _ in range(3):
        run = lambda command: json.loads(subprocess.run(command, check=True, capture_output=True, env=env).stdout)
        ours, theirs = run(ours_command), run([sys.executable, __file__, "reference", path, dtype, tolerance])
        ratios.append((theirs["Fit"] / ours["Fit"], ours["Fit"], theirs["Fit"]))
    ratio, a, b = sorted(ratios)[1]
    print(f"  {dtype} tolerance {tolerance}: ours {a * 1e3:8.2f} ms ({ours['Iterations']} steps), scikit-learn {b * 1e3:8.2f} ms "
          f"({theirs['Iterations']}), ratio {ratio:5.2f} [{min(ratios)[0]:.2f}, {max(ratios)[0]:.2f}]; "
          f"objective {objective(ours, x, y):.10f}, {objective(theirs, x, y):.10f}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["reference"]:
        warnings.simplefilter("ignore")
        reference(*sys.argv[2:])
        sys.exit()
    with tempfile.TemporaryDirectory() as d:
        subprocess.run(["go", "build", "-o", d + "/logistic", "./internal/bench/logistic"], check=True)
        for rows in (700, 20000):
            for kind in ("normal", "embedding"):
                print(f"{rows} × {columns}, {kind}", flush=True)
                x, y = sample(rows, kind)
                x.tofile(d + "/x"), y.tofile(d + "/y")
                for dtype in ("float64", "float32"):
                    for tolerance in ("1e-4", "1e-6", "1e-8"):
                        turns(d + "/logistic", d, x, y, dtype, tolerance)
