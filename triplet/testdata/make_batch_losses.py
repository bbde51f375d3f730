"""Writes batch_losses.json.gz: embeddings, labels, and the values and gradients of the losses of sentence-transformers
that compare embeddings of one batch."""
import inspect
import sys

import numpy as np
import torch
from sentence_transformers import SentenceTransformer, util
from sentence_transformers.sentence_transformer.losses import (
    BatchAllTripletLoss, BatchHardSoftMarginTripletLoss, BatchHardTripletLoss, BatchHardTripletLossDistanceFunction,
    BatchSemiHardTripletLoss,
)

from reference import write

DISTANCES = {
    "euclidean": BatchHardTripletLossDistanceFunction.eucledian_distance,
    "cosine": BatchHardTripletLossDistanceFunction.cosine_distance,
}
LOSSES = {  # the class, and its method that takes embeddings
    "batch_all": (BatchAllTripletLoss, "batch_all_triplet_loss"),
    "batch_hard": (BatchHardTripletLoss, "batch_hard_triplet_loss"),
    "batch_semi_hard": (BatchSemiHardTripletLoss, "batch_semi_hard_triplet_loss"),
    "batch_hard_soft_margin": (BatchHardSoftMarginTripletLoss, "batch_hard_triplet_soft_margin_loss"),
}
MARGIN, SCALE = 1.0, 20.0


def gradient(x):
    return x.grad.numpy().round(8).tolist()


model = SentenceTransformer(sys.argv[1], device="cpu")  # the classes want one, their methods do not look at it
g = np.random.default_rng(94055)
embeddings, labels = g.normal(size=(24, 16)).astype("float32"), g.integers(0, 3, size=24)
losses = {}
for distance, function in DISTANCES.items():
    for name, (kind, method) in LOSSES.items():
        margin = {"margin": MARGIN} if "margin" in inspect.signature(kind).parameters else {}
        loss = kind(model, distance_metric=function, **margin)
        x = torch.tensor(embeddings, requires_grad=True)
        value = getattr(loss, method)(torch.tensor(labels), x)
        value.backward()
        losses[f"{name}.{distance}"] = {"margin": margin.get("margin"), "loss": value.item(), "grad": gradient(x)}

# Multiple negatives ranking over cosines: the first eight embeddings are anchors, the next eight their positives.
anchors, positives = (torch.tensor(embeddings[i:i + 8], requires_grad=True) for i in (0, 8))
value = torch.nn.functional.cross_entropy(util.cos_sim(anchors, positives) * SCALE, torch.arange(8))
value.backward()
losses["mnr.cosine"] = {
    "scale": SCALE, "loss": value.item(), "grad_anchor": gradient(anchors), "grad_positive": gradient(positives),
}
write("batch_losses.json.gz", {"embeddings": embeddings.tolist(), "labels": labels.tolist(), "losses": losses})
