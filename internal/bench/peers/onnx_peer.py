"""ONNX Runtime, float32, on the processor. Usage: onnx_peer.py MODEL THREADS GRAPH, which is written if it is not there

Texts are tokenized before the clock starts; what is timed is the network on batches of 32, sorted by length, mean
pooling and scaling to unit length.
"""
import os, subprocess, sys
import line

def export(model, path):
    """Writes the network of a model directory as ONNX with free batch and length. Called in a process of its own."""
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

model, threads, graph = sys.argv[1:4]
if threads == "export": export(model, graph); sys.exit()
if not os.path.exists(graph): subprocess.run([sys.executable, __file__, model, "export", graph], check=True)
import numpy, onnxruntime
from tokenizers import Tokenizer
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(threads)
session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
tokenizer = Tokenizer.from_file(os.path.join(model, "tokenizer.json"))
tokenizer.no_padding()
tokenizer.enable_truncation(256)
sets = {}

def texts(name, texts):
    sets[name] = [numpy.array(e.ids) for e in tokenizer.encode_batch(texts)]
    return {"pieces": sum(map(len, sets[name]))}

def run(items):
    out = numpy.empty((len(items), 384), numpy.float32)
    order = sorted(range(len(items)), key=lambda i: -len(items[i]))
    for first in range(0, len(order), 32):
        batch = order[first:first + 32]
        ids = numpy.zeros((len(batch), max(len(items[i]) for i in batch)), numpy.int64)
        mask = numpy.zeros_like(ids)
        for row, i in enumerate(batch):
            ids[row, :len(items[i])] = items[i]
            mask[row, :len(items[i])] = 1
        hidden, = session.run(None, {"ids": ids, "mask": mask})
        mean = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        out[batch] = mean / numpy.linalg.norm(mean, axis=1, keepdims=True)
    return out

def encode(name): return {"seconds": line.timed(run, sets[name])}
def embed(name): return {"rows": run(sets[name]).tolist()}
def one(name, times): return {"seconds": sorted(line.timed(run, sets[name][:1]) for _ in range(times))[times // 2]}

line.serve({"texts": texts, "encode": encode, "embed": embed, "one": one, "peak": line.peak})
