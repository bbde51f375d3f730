"""Writes platt.json.gz: what scikit-learn's sigmoid calibration makes of probabilities.

Cases: well ordered; hardly apart (scales of 1000 are needed); separated; few of label 1; with weights; reversed, for
which scikit-learn's curve falls, so that only its log loss is of use.
"""
import numpy as np
from sklearn.calibration import _SigmoidCalibration

from reference import write

g = np.random.default_rng(12)
logit = lambda p: np.log(p / (1 - p))
sigmoid = lambda z: 1 / (1 + np.exp(-z))
cases = []


def add(name, p, y, w=None):
    p = np.asarray(p, dtype=float)
    c = _SigmoidCalibration().fit(logit(p), y, w)
    cases.append({"name": name, "p": p.tolist(), "y": list(map(int, y)), "weight": None if w is None else w.tolist(),
                  "calibrated": c.predict(logit(p)).tolist()})


y = g.integers(0, 2, 200)
add("overconfident", sigmoid(3 * (g.normal(size=200) + y - 0.5)), y)
add("hardly apart", [0.501] * 100 + [0.499] * 100, [1] * 100 + [0] * 100)
z = g.normal(size=300)
y = (z + g.normal(size=300) > 0).astype(int)
add("shrunk", sigmoid(z / 1000 + 0.01), y)
add("separated", sigmoid(np.linspace(-3, 3, 60)), [0] * 30 + [1] * 30)
z = g.normal(size=1000) - 4
add("few of label 1", sigmoid(z / 2), (g.random(1000) < sigmoid(z)).astype(int))
y = g.integers(0, 2, 150)
add("weights", sigmoid(g.normal(size=150) + 2 * y), y, g.exponential(size=150) * 3)
write("platt.json.gz", cases)
