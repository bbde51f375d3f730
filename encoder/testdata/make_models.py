"""Writes models: small random BERTs in the directory layouts of sentence-transformers, each with expected.json, texts and
their embeddings by sentence-transformers."""
import json
import os
import shutil
import string
import tempfile

import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import BertConfig, BertForMaskedLM, BertModel, BertTokenizer

TEXTS = [
    "", "a", "Hello there", "the price is too high", "The price is TOO high!", "we can sign it today, can we?",
    "naïve café", "x" * 120, "Too HIGH [MASK] naïve ÉCLAIR", "the[MASK]price[UNK]?", "call me at 10:30 - or don't", "你好 world", "one two three four five six seven eight nine ten " * 3,
]
LETTERS = string.ascii_lowercase + string.digits + ".,!?:-'"
WORDS = "the price is too high we can sign it today hello there one two three four five call me ##ing ##ed ##s".split()


MASK = {"content": "[MASK]", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}


def tokenizer(directory, lower):
    letters = LETTERS if lower else LETTERS + string.ascii_uppercase + "ï"
    words = WORDS if lower else WORDS + ["The", "Hello"]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + c for c in letters), *words, "你"]
    with open(directory + "/vocab.txt", "w", encoding="utf-8") as f:
        f.write("\n".join(tokens) + "\n")
    return BertTokenizer(vocab=directory + "/vocab.txt", do_lower_case=lower), len(tokens)


def randomize(model):
    """Large enough weights that every part of the network shows in the output."""
    for name, p in model.named_parameters():
        with torch.no_grad():
            scale = 0.3 if p.ndim == 1 else 1.2 / p.shape[1] ** 0.5
            p.copy_(torch.randn_like(p) * scale + (1.0 if "LayerNorm.weight" in name else 0.0))


def edit(directory, name, **keys):
    """Changes keys of a config, None removes one."""
    path = f"{directory}/{name}"
    config = json.load(open(path, encoding="utf-8")) if os.path.exists(path) else {}
    for k, v in keys.items():
        config[k] = v
        if v is None:
            del config[k]
    with open(path, "w", encoding="utf-8") as f:
        json.dump(config, f, indent=2)


def build(name, layers, hidden, heads, inner, lower, limit, pooling, after, masked_lm=False, dtype=None, act="gelu", edits=None):
    torch.manual_seed(sum(map(ord, name)))
    with tempfile.TemporaryDirectory() as tmp:
        tok, size = tokenizer(tmp, lower)
        config = BertConfig(vocab_size=size, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
                            intermediate_size=inner, max_position_embeddings=64, hidden_act=act)
        model = (BertForMaskedLM if masked_lm else BertModel)(config)
        randomize(model)
        tok.save_pretrained(tmp)
        model.save_pretrained(tmp)
        modules = [Transformer(tmp, max_seq_length=limit), Pooling(hidden, pooling), *after]
        for m in after:
            randomize(m)
        st = SentenceTransformer(modules=modules, device="cpu")
        directory = f"models/{name}"
        shutil.rmtree(directory, ignore_errors=True)
        st.save(directory, create_model_card=False)
        if masked_lm:  # the checkpoint as pretraining leaves it: "bert." before the names, a head with it
            shutil.copy(tmp + "/model.safetensors", directory + "/model.safetensors")
    os.chmod(directory + "/model.safetensors", 0o644)
    if dtype:
        weights = {k: v.to(dtype) for k, v in load_file(directory + "/model.safetensors").items()}
        save_file(weights, directory + "/model.safetensors", metadata={"format": "pt"})
    for file, keys in (edits or {}).items():
        edit(directory, file, **keys)
    st = SentenceTransformer(directory, device="cpu", model_kwargs={"dtype": torch.float32})
    rows = st.encode(TEXTS, convert_to_numpy=True, show_progress_bar=False)
    with open(directory + "/expected.json", "w", encoding="utf-8") as f:
        json.dump({"texts": TEXTS, "embeddings": [[round(float(x), 7) for x in r] for r in rows]}, f)


build("mean12", 12, 16, 2, 24, True, 32, "mean", [Normalize()])
build("cls-cased", 2, 40, 5, 56, False, 64, "cls", [])
build("max-dense", 1, 36, 3, 60, True, 20, "max", [Dense(36, 20), Normalize()])
build("masked-lm-bf16", 2, 24, 3, 50, True, 40, "mean",
      [Dense(24, 12, bias=False, activation_function=torch.nn.Identity())], masked_lm=True, dtype=torch.bfloat16)

# Directories as others make them: what their files say is obeyed as sentence-transformers does.
build("sqrt-weighted", 1, 16, 2, 24, False, 64, ("mean_sqrt_len_tokens", "weightedmean"), [Normalize()], act="relu", edits={
    "sentence_bert_config.json": {"do_lower_case": True},
    "tokenizer_config.json": {"truncation_side": "left", "added_tokens_decoder": {"4": MASK}},
})
build("last-max-cls", 2, 16, 4, 24, True, 64, ("lasttoken", "max", "cls"), [], act="gelu_new", edits={
    "config_sentence_transformers.json": {"prompts": {"ask": "the price: "}, "default_prompt_name": "ask", "truncate_dim": 40},
    "sentence_bert_config.json": {"processing_kwargs": {"text": {"max_length": 12}}},
})
build("own-tokens", 1, 16, 2, 24, True, 20, "mean", [Dense(16, 8)], act="gelu_python", edits={
    "tokenizer_config.json": {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False,
                              "cls_token": "[MASK]", "additional_special_tokens": ["price"]},
    "special_tokens_map.json": {"unk_token": "?"},
})
build("as-it-stands", 1, 16, 2, 24, False, 64, "mean_sqrt_len_tokens", [], act="gelu_fast", edits={
    "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": True, "split_special_tokens": True},
})
