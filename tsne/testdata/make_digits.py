"""Writes digits.csv.gz, the UCI digits as scikit-learn ships them (64 features, then the label), and prints the KL
divergence and trustworthiness that scikit-learn and openTSNE reach on them at perplexity 30."""
import io

import numpy as np
from openTSNE import TSNE as OpenTSNE
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE, trustworthiness

from reference import write_bytes

digits = load_digits()
x = digits.data.astype("float64")
csv = io.StringIO()
np.savetxt(csv, np.c_[x, digits.target].astype(int), fmt="%d", delimiter=",")
write_bytes("digits.csv.gz", csv.getvalue().encode())

m = TSNE(perplexity=30, init="pca", learning_rate="auto", random_state=0)
y = m.fit_transform(x)
print(f"scikit-learn, Barnes-Hut: KL {m.kl_divergence_:.3f}, trustworthiness {trustworthiness(x, y, n_neighbors=12):.3f}")
y = OpenTSNE(perplexity=30, random_state=0, initialization="pca").fit(x)
print(f"openTSNE: KL {y.kl_divergence:.3f}, trustworthiness {trustworthiness(x, np.asarray(y), n_neighbors=12):.3f}")
