"""Writes tokens.jsonl.gz: ids and offsets (in characters) of 1,693 texts by all-MiniLM-L6-v2 without truncation,
those of encoder/testdata/texts.json and 1,500 of random Unicode. The texts stay as they are in the file."""
import json
import sys

from tokenizers import Tokenizer

from reference import read_bytes, write_bytes

NAME = "tokens.jsonl.gz"
t = Tokenizer.from_file(sys.argv[1] + "/tokenizer.json")
t.no_truncation()
t.no_padding()
lines = []
for line in read_bytes(NAME).splitlines():
    text = json.loads(line)["text"]
    e = t.encode(text)
    lines.append(json.dumps({"text": text, "ids": e.ids, "offsets": e.offsets}) + "\n")
write_bytes(NAME, "".join(lines).encode())
