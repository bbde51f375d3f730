"""Writes what all-MiniLM-L6-v2 with weights rounded to half precision gives, computed in float32.

golden.safetensors: embeddings of the texts in texts.json, cut at 256 tokens, and the hidden states after the embeddings
and each layer, of every eighth token of the texts whose numbers are HIDDEN.
"""
import sys

import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer

from reference import read

HIDDEN = [8, 192]
texts = read("texts.json")
st = SentenceTransformer(sys.argv[1], device="cpu").eval()
st.max_seq_length = 256
with torch.no_grad():
    for p in st.parameters():
        p.copy_(p.half().float())
    tensors = {"embeddings": st.encode(texts, batch_size=16, convert_to_tensor=True, show_progress_bar=False).float()}
    for i in HIDDEN:
        batch = st.tokenizer(texts[i], truncation=True, max_length=256, return_tensors="pt")
        states = st[0].auto_model(**batch, output_hidden_states=True).hidden_states
        for layer, h in enumerate(states):
            tensors[f"text{i}.hidden{layer}"] = h[0, ::8].clone()
save_file(tensors, "golden.safetensors")
