"""Writes logistic.json.gz: a sample of two noisy clusters, what scikit-learn's LogisticRegression fits to it for twelve
settings, and shap's linear values of one of the models for the test rows."""
import numpy as np
import shap
from sklearn.linear_model import LogisticRegression

from reference import write


def sample():
    """Training rows, labels, weights and test rows, and both kinds of rows once more with 5% missing."""
    g = np.random.default_rng(94055)
    g.normal(size=(24, 16)), g.integers(0, 3, size=24)  # triplet/testdata/make_batch_losses.py draws these
    centers = g.normal(size=(2, 32)) * 0.35
    x, y = [], []
    for _ in range(400):
        k = int(g.integers(0, 2))
        x.append(centers[k] + g.normal(size=32))
        y.append(k if g.random() > 0.1 else 1 - k)
    x = np.array(x, dtype="float32")
    missing = x.copy()
    missing[g.random(x.shape) < 0.05] = np.nan
    weight = g.random(len(x)).astype("float32") + 0.5
    test = np.array([centers[i % 2] + g.normal(size=32) for i in range(60)]).astype("float32")
    test_missing = test.copy()
    test_missing[g.random(test.shape) < 0.05] = np.nan
    return x, np.array(y), weight, test, missing, test_missing


def main():
    x, y, weight, test, _, _ = sample()
    x64, test64 = x.astype("float64"), test.astype("float64")
    fits = []
    for c in (0.01, 1.0, 100.0):
        for class_weight in (None, "balanced"):
            for w in (None, weight):
                m = LogisticRegression(C=c, class_weight=class_weight, tol=1e-10, max_iter=10000).fit(x64, y, sample_weight=w)
                fits.append({
                    "C": c, "class_weight": class_weight, "sample_weight": w is not None, "coef": m.coef_[0].tolist(),
                    "intercept": float(m.intercept_[0]), "proba_test": m.predict_proba(test64)[:, 1].tolist(),
                })
    m = LogisticRegression(C=1.0, tol=1e-10, max_iter=10000).fit(x64, y)
    values = shap.LinearExplainer(m, x64).shap_values(test64).tolist()
    write("logistic.json.gz", {
        "X": x.tolist(), "y": y.tolist(), "weight": weight.tolist(), "Xtest": test.tolist(), "logistic": fits,
        "linear_shap": {"C": 1.0, "background": "X", "values_test": values},
    })


if __name__ == "__main__":
    main()
