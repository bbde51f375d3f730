"""Gathers the reference's values for the tests: make_golden.py GOLDEN_DIR OUT_DIR.

GOLDEN_DIR holds what sentence-transformers and torch gave for the embedded weights: losses and gradients of the triplet
loss through the whole encoder, and ten steps of AdamW."""
import json, sys
import numpy as np
from safetensors.numpy import load_file, save_file

golden, out = sys.argv[1:]
f16 = golden + "/f16/"
read = lambda name: json.load(open(name))
adamw = read(f16 + "adamw10.json")
json.dump({
    "triplets": read(golden + "/triplets.json"),
    "gradients": read(f16 + "triplet_grads.json"),
    "adamw": adamw,
    "probes": read(golden + "/texts.json")[-16:],
}, open(out + "/golden.json", "w"), indent=1)

# Whole gradients of biases and LayerNorm, every 32nd row of matrices.
small = {"probe_embeddings": load_file(f16 + "adamw10.safetensors")["probe_embeddings"]}
for name, g in load_file(f16 + "triplet_grads_euclidean.safetensors").items():
    small[name] = np.ascontiguousarray(g[::32] if g.ndim == 2 or name.endswith(".rows") else g)
save_file(small, out + "/golden.safetensors")
