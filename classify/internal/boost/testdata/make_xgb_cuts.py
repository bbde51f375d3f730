"""Writes xgb_cuts.json.gz: the bins of XGBoost's histograms for columns of 60,000 rows, which are made by a formula that
the test repeats."""
import numpy as np
import xgboost as xgb

from reference import write

n = 60_000
i = np.arange(n, dtype=np.uint64)
bits = (i * np.uint64(2654435761)) % np.uint64(2**32) >> np.uint64(8)  # 24 bits: exact in float32
even = bits.astype("float32") / np.float32(2**24)
column = {"even": even, "skew": even * even * even, "steps": np.floor(even * np.float32(300)), "rising": i.astype("float32")}
weight = (1 + i % np.uint64(7)).astype("float32")
out = []
for bins in (64, 256):
    for weighted in (False, True):
        d = xgb.DMatrix(np.stack(list(column.values()), 1), label=(bits % np.uint64(2)).astype(int), weight=weight if weighted else None)
        xgb.train(dict(tree_method="hist", max_bin=bins, max_depth=1, nthread=1), d, 1)
        at, cuts = d.get_quantile_cut()
        for k, name in enumerate(column):
            out.append({"column": name, "bins": bins, "weighted": weighted, "cuts": [float(v) for v in cuts[at[k]:at[k + 1]]]})
write("xgb_cuts.json.gz", out)
