"""Writes what all-MiniLM-L6-v2 with weights rounded to half precision gives, computed in float32.

Usage: make_golden.py MODEL_DIR OUT_DIR (torch 2.13.0, transformers 5.23.0, sentence-transformers 6.2.0)

OUT_DIR has texts.json, a list of texts. golden.safetensors gets their embeddings, cut at 256 pieces, and the hidden
states after the embeddings and each layer, of every eighth piece of the texts whose numbers are HIDDEN.
"""
import json, os, sys

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer

HIDDEN = [8, 192]
model_dir, out = sys.argv[1:3]
texts = json.load(open(out + "/texts.json", encoding="utf-8"))
st = SentenceTransformer(model_dir, device="cpu").eval()
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
save_file(tensors, out + "/golden.safetensors")
