"""The Rust tokenizers library, without truncation. Usage: tokenizers_reference.py MODEL THREADS"""
import os, sys

os.environ.update(RAYON_NUM_THREADS=sys.argv[2], TOKENIZERS_PARALLELISM="true" if int(sys.argv[2]) > 1 else "false")
import line
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file(os.path.join(sys.argv[1], "tokenizer.json"))
tokenizer.no_truncation()
tokenizer.no_padding()
sets = {}

def texts(name, texts):
    sets[name] = texts
    return {"tokens": sum(len(tokenizer.encode(t).ids) for t in texts)}

def one_by_one(texts):
    for t in texts:
        tokenizer.encode(t)

def tokenize(name): return {"seconds": line.timed(one_by_one, sets[name])}
def batch(name): return {"seconds": line.timed(tokenizer.encode_batch, sets[name])}

line.serve({"texts": texts, "tokenize": tokenize, "batch": batch})
