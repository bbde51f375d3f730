"""The network as ONNX, and what ONNX Runtime and OpenVINO share: texts are tokenized before the clock starts; what is timed
is the network on batches of 32, sorted by length, mean pooling and scaling to unit length.

Usage: network.py MODEL GRAPH writes the graph, in a process of its own, as torch keeps its threads.
"""
import os, subprocess, sys

import numpy
from tokenizers import Tokenizer

import line

BATCH = 32


def export(model, path):
    """Writes the network of a model directory as ONNX with free batch and length."""
    import torch, transformers

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = transformers.AutoModel.from_pretrained(model, dtype=torch.float32, attn_implementation="eager").eval()

        def forward(self, ids, mask):
            return self.bert(input_ids=ids, attention_mask=mask, token_type_ids=torch.zeros_like(ids)).last_hidden_state

    x = torch.ones(2, 7, dtype=torch.long)
    free = {0: "batch", 1: "length"}
    torch.onnx.export(Network(), (x, x), path + ".tmp", input_names=["ids", "mask"], output_names=["hidden"],
                      dynamic_axes={"ids": free, "mask": free, "hidden": free}, opset_version=17, dynamo=False)
    os.replace(path + ".tmp", path)


def need(model, path):
    """Writes the graph unless it is there."""
    if not os.path.exists(path):
        subprocess.run([sys.executable, __file__, model, path], check=True)


def batches(items):
    """Which items a batch holds, their ids and mask, longest first."""
    order = sorted(range(len(items)), key=lambda i: -len(items[i]))
    for first in range(0, len(order), BATCH):
        batch = order[first:first + BATCH]
        ids = numpy.zeros((len(batch), max(len(items[i]) for i in batch)), numpy.int64)
        mask = numpy.zeros_like(ids)
        for row, i in enumerate(batch):
            ids[row, :len(items[i])] = items[i]
            mask[row, :len(items[i])] = 1
        yield batch, ids, mask


def pool(hidden, mask):
    mean = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
    return mean / numpy.linalg.norm(mean, axis=1, keepdims=True)


def tokenizer(model):
    t = Tokenizer.from_file(os.path.join(model, "tokenizer.json"))
    t.no_padding()
    t.enable_truncation(256)
    return t


def serve(model, run):
    """Answers requests. run takes lists of ids and returns an array of their embeddings."""
    t, sets = tokenizer(model), {}

    def texts(name, texts):
        sets[name] = [numpy.array(e.ids) for e in t.encode_batch(texts)]
        return {"tokens": sum(map(len, sets[name]))}

    def encode(name):
        return {"seconds": line.timed(run, sets[name])}

    def embed(name):
        return {"rows": run(sets[name]).tolist()}

    def one(name, times):
        return {"seconds": sorted(line.timed(run, sets[name][:1]) for _ in range(times))[times // 2]}

    line.serve({"texts": texts, "encode": encode, "embed": embed, "one": one, "peak": line.peak})


if __name__ == "__main__":
    export(*sys.argv[1:])
