"""Writes what sentence-transformers and torch give for all-MiniLM-L6-v2 with its weights rounded to half precision,
computed in float32, dropout off.

golden.json: for its six triplets of texts the losses and L2 norms of all gradients for three distances; losses and
gradient norms of ten AdamW steps on those triplets; and texts, the probes.
golden.safetensors: whole gradients of the Euclidean loss for layers 0 and 5 and the embeddings, every 32nd row of
matrices; and the embeddings of the probes after the ten steps.
Triplets and probes stay as they are in golden.json.
"""
import sys

import numpy as np
import torch
from safetensors.numpy import save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import TripletDistanceMetric, TripletLoss

from reference import read, write

MARGINS = {"euclidean": 5.0, "cosine": 0.5, "manhattan": 5.0}
RATE, DECAY, CLIP = 2e-5, 0.01, 1.0


def load():
    model = SentenceTransformer(sys.argv[1], device="cpu").eval()
    model.max_seq_length = 256
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.half().float())
    return model


def features(model, texts):
    return dict(model.tokenizer(texts, truncation=True, max_length=256, padding=True, return_tensors="pt"))


def triplet_loss(model, distance):
    loss = TripletLoss(model, distance_metric=getattr(TripletDistanceMetric, distance.upper()), triplet_margin=MARGINS[distance])
    model.eval()
    return loss([features(model, [t[i] for t in triplets]) for i in range(3)], None)


def thin(g):
    return np.ascontiguousarray(g[::32] if g.ndim == 2 else g)


old = read("golden.json")
triplets, probes = old["triplets"], old["probes"]
tensors, gradients = {}, {}
model = load()
for distance, margin in MARGINS.items():
    model.zero_grad()
    loss = triplet_loss(model, distance)
    loss.backward()
    norms = {}
    for name, p in model[0].auto_model.named_parameters():
        if p.grad is None:
            continue
        g = p.grad.numpy().astype("float32")
        norms[name] = float(np.linalg.norm(g.astype("float64")))
        if distance != "euclidean":
            continue
        if name.endswith("word_embeddings.weight"):  # the rows of tokens that occur
            rows = np.unique(np.nonzero(g)[0])
            tensors[name + ".rows"], tensors[name + ".values"] = rows.astype("int64")[::32].copy(), thin(g[rows])
        elif ".layer.0." in name or ".layer.5." in name or "embeddings" in name:
            tensors[name] = thin(g)
    gradients[distance] = {"margin": margin, "loss": loss.item(), "grad_l2_norms": norms}

model = load()
optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
losses, norms = [], []
for _ in range(10):
    optimizer.zero_grad()
    loss = triplet_loss(model, "euclidean")
    loss.backward()
    norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)))
    optimizer.step()
    losses.append(loss.item())
with torch.no_grad():
    tensors["probe_embeddings"] = model.encode(probes, show_progress_bar=False).astype("float32")
adamw = {
    "optimizer": "AdamW", "lr": RATE, "betas": [0.9, 0.999], "eps": 1e-08, "weight_decay": DECAY, "clip_grad_norm": CLIP,
    "schedule": "constant", "dropout": 0, "loss": "TripletLoss euclidean margin 5, batch = all triplets",
    "losses": losses, "grad_norms_before_clip": norms, "probe_texts": "probes",
}
save_file(tensors, "golden.safetensors")
write("golden.json", {"triplets": triplets, "gradients": gradients, "adamw": adamw, "probes": probes}, indent=1)
