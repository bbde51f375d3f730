"""t-SNE and openTSNE, interleaved on the same rows: python internal/bench/tsne_compare.py [-data NAMES] [-rounds N]

Prints for each data set the seconds of both (both methods of openTSNE), the ratio to its faster one, and the Kullback-Leibler
divergence of all maps from the same affinities, and from openTSNE's, summed over all pairs by one function. Run it from the root of the module
with openTSNE 1.0.4 and Go at hand, on an idle machine."""
import argparse, json, os, subprocess, tempfile, time
import numpy as np

threads = int(os.environ.get("THREADS", "2"))


def clusters(n, columns, k, seed=1):
    g = np.random.default_rng(seed)
    centres = g.normal(size=(k, columns))
    return centres[g.integers(k, size=n)] + g.normal(size=(n, columns))


def digits():
    from sklearn.datasets import load_digits

    return load_digits().data


data = {  # name: (rows, early iterations, iterations)
    "digits": (digits, 250, 500),
    "t2": (lambda: np.random.default_rng(1).standard_t(2, size=(1500, 20)), 250, 500),
    "3000x384": (lambda: clusters(3000, 384, 40), 250, 500),
    "10000x384": (lambda: clusters(10_000, 384, 40), 250, 500),
    "70000x50": (lambda: clusters(70_000, 50, 40), 250, 500),
}


def affinities(x, perplexity=30):
    """Joint probabilities from the exact nearest neighbours, each row at the perplexity to 1e-9. openTSNE's own are not: its
    search for the width stops early, where distances are much alike, and leaves rows at perplexities of up to 47 for 30."""
    from scipy.sparse import csr_matrix
    from sklearn.neighbors import NearestNeighbors

    k = 3 * perplexity
    d, columns = NearestNeighbors(n_neighbors=k + 1, algorithm="brute", n_jobs=threads).fit(x).kneighbors(x)
    d2 = d[:, 1:].astype("float64") ** 2
    d2 -= d2[:, :1]
    lo, hi = np.full((len(x), 1), -60.0), np.full((len(x), 1), 60.0)  # of the logarithm of the precision
    for _ in range(100):
        middle = (lo + hi) / 2
        w = np.exp(-np.exp(middle) * d2)
        w /= w.sum(axis=1, keepdims=True)
        wide = -(w * np.log(np.maximum(w, 1e-300))).sum(axis=1, keepdims=True) > np.log(perplexity)
        lo, hi = np.where(wide, middle, lo), np.where(wide, hi, middle)
    p = csr_matrix((w.ravel(), columns[:, 1:].ravel(), np.arange(len(x) + 1) * k), shape=(len(x), len(x)))
    p = (p + p.T) / (2 * len(x))
    p.eliminate_zeros()
    return p.tocoo()


def divergence(p, y):
    z = 0.0
    for lo in range(0, len(y), 500):
        block = y[lo : lo + 500]
        d = (block[:, None, 0] - y[None, :, 0]) ** 2 + (block[:, None, 1] - y[None, :, 1]) ** 2
        z += (1 / (1 + d)).sum() - len(block)
    q = 1 / (1 + ((y[p.row] - y[p.col]) ** 2).sum(axis=1)) / z
    return float((p.data * np.log(p.data / q)).sum())


def reference(x, method, early, late):
    from openTSNE import TSNE

    start = time.perf_counter()
    y = TSNE(perplexity=30, n_jobs=threads, random_state=0, initialization="pca", negative_gradient_method=method,
             early_exaggeration_iter=early, n_iter=late).fit(x)
    return np.asarray(y), time.perf_counter() - start


if __name__ == "__main__":
    flags = argparse.ArgumentParser()
    flags.add_argument("-data", default=",".join(data))
    flags.add_argument("-methods", default="bh,fft", help="of openTSNE")
    flags.add_argument("-iterations", help="EARLY,LATE instead of the usual ones")
    flags.add_argument("-rounds", type=int, default=1)
    flags.add_argument("-options", default="{}", help="tsne.Options as JSON")
    flags.add_argument("-program", help="the built internal/bench/maps")
    o = flags.parse_args()
    from openTSNE.affinity import PerplexityBasedNN

    show = lambda p, y: "KL " + ", ".join(f"{divergence(q, y):.4f}" for q in p)
    with tempfile.TemporaryDirectory() as d:
        program = o.program or d + "/maps"
        if not o.program:
            subprocess.run(["go", "build", "-o", program, "./internal/bench/maps"], check=True)
        for name in o.data.split(","):
            make, early, late = data[name]
            if o.iterations:
                early, late = (int(v) for v in o.iterations.split(","))
            x = make().astype("float32")
            x.tofile(d + "/rows")
            options = json.loads(o.options)
            options["Layout"] = {"EarlyIterations": early, "Iterations": late or -1} | options.get("Layout", {})
            p = [affinities(x), PerplexityBasedNN(x, perplexity=30, method="exact", n_jobs=threads).P.tocoo()] if len(x) < 20_000 else []
            for _ in range(o.rounds):
                out = subprocess.run([program, "-columns", str(x.shape[1]), "-rows", d + "/rows", "-points", d + "/points",
                                      "-options", json.dumps(options)], check=True, stdout=subprocess.PIPE,
                                     env=dict(os.environ, GOMAXPROCS=str(threads)))
                ours = json.loads(out.stdout)
                y = np.fromfile(d + "/points").reshape(-1, 2)
                print(f"{name}: {show(p, y)}; it reports", {k: round(v, 4) for k, v in ours.items()}, flush=True)
                seconds = []
                for method in filter(None, o.methods.split(",")):
                    y, s = reference(x, method, early, late)
                    seconds.append(s)
                    print(f"  openTSNE {method}: {show(p, y)}, {s:.2f} s, ratio {s / ours['Total']:.2f}", flush=True)
                if seconds:
                    print(f"  ratio to the faster {min(seconds) / ours['Total']:.2f}", flush=True)
