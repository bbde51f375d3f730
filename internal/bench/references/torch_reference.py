"""sentence-transformers on torch, on the processor. Usage: torch_reference.py MODEL THREADS PRECISION

PRECISION is float32, or bfloat16: training steps under autocast, weights and optimizer in float32."""
import sys, warnings
import line

def load(model, threads):
    import torch
    from sentence_transformers import SentenceTransformer
    torch.set_num_threads(threads)
    m = SentenceTransformer(model, device="cpu", model_kwargs={"dtype": torch.float32})
    m.max_seq_length = 256
    return m.eval()

warnings.simplefilter("ignore")
model = load(sys.argv[1], int(sys.argv[2]))
import torch
from sentence_transformers.sentence_transformer.losses import TripletDistanceMetric, TripletLoss
sets, trainer = {}, None

def texts(name, texts):
    sets[name] = texts
    return {"tokens": sum(min(len(i), 256) for i in model.tokenizer(texts)["input_ids"])}

def encode(name):
    return {"seconds": line.timed(lambda: model.encode(sets[name], batch_size=32, show_progress_bar=False))}

def embed(name):
    return {"rows": model.encode(sets[name], batch_size=32, show_progress_bar=False).tolist()}

def one(name, times):
    return {"seconds": sorted(line.timed(model.encode, sets[name][:1]) for _ in range(times))[times // 2]}

class Calls(torch.nn.Module):
    """Documents of many texts: each text encoded alone in one padded batch, a document the mean of its texts."""
    def forward(self, documents):
        rows = model(features([t for d in documents for t in d]))["sentence_embedding"]
        return torch.stack([r.mean(0) for r in rows.split([len(d) for d in documents])])

def features(texts):
    return dict(model.tokenizer(texts, truncation=True, max_length=256, padding=True, return_tensors="pt"))

def train(name):
    """A step on all triplets of a set: texts 3i, 3i+1, 3i+2 are anchor, positive and negative."""
    global trainer
    if trainer is None:
        trainer = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=0.01)
    model.train()
    with torch.autocast("cpu", torch.bfloat16, enabled=sys.argv[3] == "bfloat16"):
        seconds = line.timed(step, sets[name])
    model.eval()
    return {"seconds": seconds}

def step(items):
    columns = [items[i::3] for i in range(3)]
    if isinstance(items[0], list):
        a, p, n = (Calls()(c) for c in columns)
        distance = lambda x, y: 1 - torch.nn.functional.cosine_similarity(x, y)
        loss = torch.relu(distance(a, p) - distance(a, n) + 0.3).mean()
    else:
        loss = TripletLoss(model, TripletDistanceMetric.COSINE, 0.3)([features(c) for c in columns], None)
    trainer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    trainer.step()

def calls(name, documents):
    sets[name] = documents
    return {"tokens": sum(min(len(i), 256) for d in documents for i in model.tokenizer(d)["input_ids"])}

line.serve({"texts": texts, "calls": calls, "encode": encode, "embed": embed, "one": one, "train": train,
    "peak": line.peak})
