"""Opens a model that Model.Save wrote in sentence-transformers, and compares its embeddings with examples/embed's.

Usage, from the module's root: python internal/bench/save_check.py MODEL_DIR TEXTS.json
"""
import json
import os
import subprocess
import sys

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
import numpy as np
from sentence_transformers import SentenceTransformer

TOLERANCE = 1e-5

model_dir, texts_file = sys.argv[1:3]
with open(texts_file, encoding="utf-8") as f:
    texts = json.load(f)
run = subprocess.run(["go", "run", "./examples/embed", "--model", model_dir, texts_file], check=True, stdout=subprocess.PIPE, text=True)
ours = np.array([json.loads(line)["embedding"] for line in run.stdout.splitlines()])
theirs = SentenceTransformer(model_dir, device="cpu").encode(texts, show_progress_bar=False)
worst = abs(ours - theirs).max()
print(f"{len(texts)} texts, width {ours.shape[1]}: embeddings within {worst:.2g} of sentence-transformers")
sys.exit(0 if worst <= TOLERANCE else 1)
