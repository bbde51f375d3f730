"""Writes drift.json: SciPy's two-sample tests of some samples, and the discrepancy and the index computed by NumPy as they are defined."""
import numpy as np
from scipy import stats
from scipy.spatial.distance import pdist, squareform

from reference import write

g = np.random.default_rng(21)


def psi(a, b, bins):
    """Of samples without ties, whose bins are of equal size in a."""
    edges = np.sort(a)[[k * len(a) // bins - 1 for k in range(1, bins)]]
    n = np.bincount(np.searchsorted(edges, a), minlength=bins)
    m = np.bincount(np.searchsorted(edges, b), minlength=bins)
    both = (n + m) / (len(a) + len(b))
    p, q = (n + both) / (len(a) + 1), (m + both) / (len(b) + 1)
    return float(np.sum((q - p) * np.log(q / p)))


def mmd(x, y):
    squares = pdist(np.vstack([x, y]), "sqeuclidean")
    k = np.exp(-squareform(squares) / np.median(squares))
    np.fill_diagonal(k, 0)
    n, m = len(x), len(y)
    return float(k[:n, :n].sum() / n / (n - 1) + k[n:, n:].sum() / m / (m - 1) - 2 * k[:n, n:].mean())


numbers = []
for n, m, shift, scale, digits in ((7, 5, 0, 1, 5), (30, 20, 1.5, 1, 5), (200, 90, 0.3, 1, 5), (150, 150, 0, 2, 5), (80, 60, 0.4, 1, 1), (3000, 1700, 0.04, 1, 4)):
    a, b = np.round(g.normal(size=n), digits), np.round(shift + scale * g.normal(size=m), digits)
    ks = stats.ks_2samp(a, b, method="exact" if n * m <= 5e6 else "asymp")
    welch = stats.ttest_ind(b, a, equal_var=False)
    scores, y = np.concatenate([a, b]), np.repeat([0, 1], [n, m])
    mw = stats.mannwhitneyu(b, a, alternative="greater", method="asymptotic")
    numbers.append({"a": a.tolist(), "b": b.tolist(), "ks": [ks.statistic, ks.pvalue], "welch": [b.mean() - a.mean(), welch.pvalue],
                    "mann_whitney": [mw.statistic / n / m, mw.pvalue], "psi": psi(a, b, 5) if digits == 5 else None})

tables = [[3, 10, 9, 12], [0, 50, 4, 40], [500, 1000, 260, 480], [1, 1, 0, 1], [7, 2000, 30, 900], [0, 5, 0, 9]]
fisher = [stats.fisher_exact([[b, m - b], [a, n - a]]).pvalue for a, n, b, m in tables]

x, y = g.normal(size=(20, 3)), 0.5 + g.normal(size=(14, 3))
write("drift.json.gz", {"numbers": numbers, "tables": tables, "fisher": fisher, "x": x.tolist(), "y": y.tolist(), "mmd": mmd(x, y)})
