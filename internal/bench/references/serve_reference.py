"""A service as one would write it in Python: FastAPI over an encoder and scikit-learn. Usage: serve_reference.py MODEL CALLS PORT BACKEND [GRAPH]

MODEL is the encoder's directory, CALLS a file of labelled calls whose turns are given ({"turns": [...], "label": 0 or 1}, a
line each) to fit the heads on: the same features as the predictor without fine-tuning, a logistic regression each, and their
mean. BACKEND is torch (sentence-transformers), onnx or openvino; the last two run the network of GRAPH and need THREADS threads,
2 by default. POST /v1/predict takes {"id", "transcript"}, turns at the line breaks."""
import json, os, sys

import numpy, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

model, calls, port, backend, *graph = sys.argv[1:]
threads = int(os.environ.get("THREADS", "2"))


def encoder():
    """Returns a function from texts to embeddings, with as many threads as asked for."""
    if backend == "torch":
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(threads)
        m = SentenceTransformer(model, device="cpu")
        return lambda texts: m.encode(texts, batch_size=32)

    import network

    network.need(model, graph[0])
    tokenizer = network.tokenizer(model)
    if backend == "onnx":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(graph[0], options, providers=["CPUExecutionProvider"])
        hidden = lambda ids, mask: session.run(None, {"ids": ids, "mask": mask})[0]
    else:
        import openvino

        compiled = openvino.Core().compile_model(graph[0], "CPU", {
            "PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": 2, "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"})

        def hidden(ids, mask):
            request = compiled.create_infer_request()
            request.infer({"ids": ids, "mask": mask})
            return request.get_output_tensor().data

    def encode(texts):
        items = [numpy.array(e.ids) for e in tokenizer.encode_batch(texts)]
        out = numpy.empty((len(items), 384), numpy.float32)
        for batch, ids, mask in network.batches(items):
            out[batch] = network.pool(hidden(ids, mask), mask)
        return out

    return encode


def features(turns):
    x = encode(turns)
    place = numpy.linspace(-1, 1, len(x))[:, None] if len(x) > 1 else numpy.zeros((1, 1))
    return [x.mean(0), x[-3:].mean(0), (place * x).mean(0)]


encode = encoder()
with open(calls) as f:
    train = [json.loads(line) for line in f]
labels = [c["label"] for c in train]
words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True)
parts = [words.fit_transform(" ".join(c["turns"]) for c in train)] + [numpy.array(p) for p in zip(*(features(c["turns"]) for c in train))]
heads = [LogisticRegression(max_iter=1000).fit(p, labels) for p in parts]

app = FastAPI()


class Call(BaseModel):
    id: str
    transcript: str


@app.post("/v1/predict")
def predict(call: Call):
    turns = [line.split(": ", 1)[-1] for line in call.transcript.splitlines() if line.strip()]
    rows = [words.transform([" ".join(turns)])] + [p[None] for p in features(turns)]
    z = sum(h.decision_function(p)[0] for h, p in zip(heads, rows)) / len(heads)
    return {"predictions": [{"id": call.id, "probability": float(1 / (1 + numpy.exp(-z)))}]}


@app.get("/readyz")
def ready():
    return "ok"


uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")
