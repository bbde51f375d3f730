"""Writes the output of the reference tokenizer for texts and for every code point.

small.json.gz      a tokenizer.json with a small vocabulary of many scripts
variants.json.gz   for settings of its normalizer: texts (any bytes, hexadecimal), ids, byte spans; no spans where canonical
                   ordering moves characters: the reference then counts places in the ordered text, not in the original
codepoints.json.gz for all-MiniLM-L6-v2 and settings of its normalizer: CRC-32 of the ids and byte spans of "a?b"
                   for every code point, a page of 4,096 at a time
"""
import codecs, itertools, json, random, struct, sys, zlib
from tokenizers import Tokenizer, normalizers

from reference import read, write

base = read(sys.argv[1] + "/tokenizer.json")
base["truncation"] = base["padding"] = None
rng = random.Random(5)

def variant(config, clean, chinese, strip, lower):
    config["normalizer"].update(clean_text=clean, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower)
    return Tokenizer.from_str(json.dumps(config))

broken = []
def replace(e):
    broken.append((e.start, e.end))
    return "\ufffd", e.end
codecs.register_error("watched", replace)

def decode(raw):
    """The text of raw bytes and the byte offset of each character, one more at the end."""
    broken.clear()
    text = raw.decode("utf-8", "watched")
    at, spans = [0], dict(broken)
    for c in text:
        i = at[-1]
        at.append(spans[i] if c == "\ufffd" and i in spans else i + len(c.encode()))
    assert at[-1] == len(raw)
    return text, at

def encode(t, raw):
    text, at = decode(raw)
    e = t.encode(text)
    return e.ids, [[at[a], at[b]] for a, b in e.offsets]

def ordered(t, raw):
    """Whether stripping accents from the text leaves its characters in place."""
    n = json.loads(t.to_str())["normalizer"]
    if not n["lowercase"] if n["strip_accents"] is None else not n["strip_accents"]: return True
    text, nfd = decode(raw)[0], normalizers.NFD().normalize_str
    if n["clean_text"]: text = normalizers.BertNormalizer(True, False, False, False).normalize_str(text)
    return nfd(text) == "".join(map(nfd, text))

# A vocabulary of tokens that differ before and after each step: case, accents in both forms, Hangul whole and in parts,
# combining characters that survive stripping, U+FFFD, control characters.
chars = [chr(c) for r in ((0x21, 0x7F), (0xC0, 0x180), (0x300, 0x310), (0x391, 0x3CA), (0x410, 0x450), (0x1100, 0x1113),
    (0x1161, 0x1176), (0x11A8, 0x11C3)) for c in range(*r)]
chars += list("\x00\x01\x0b\x85\u00ad\u0345\u0d00\u302e\u302f\U00016ff0\U0001d165\ufffd\ufeff\u4f60\u597d\uac00\uac01\ud55c\u0130\u1e9e\u1e9b\u212b\u03c2\ufb1d\u05d9\u05b4")
pieces = ["".join(rng.choice(chars) for _ in range(rng.randint(2, 4))) for _ in range(300)]
words = ["the", "The", "THE", "price", "Price", "na\u00efve", "nai\u0308ve", "naive", "\u00c5ngstr\u00f6m", "angstrom", "##rice", "##\u00efve", "##ing"]
vocab = list(dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + chars + ["##" + c for c in chars] + words + pieces + ["##" + p for p in pieces]))
small = json.loads(json.dumps({**base, "model": {**base["model"], "vocab": {v: i for i, v in enumerate(vocab)}}}))
for a in small["added_tokens"]: a["id"] = vocab.index(a["content"])
for k, v in small["post_processor"]["special_tokens"].items(): v["ids"] = [vocab.index(k)]
write("small.json.gz", small)

def text():
    """Random bytes of the vocabulary's characters, marks in any order, words of about 100 characters, broken UTF-8."""
    out = b""
    for _ in range(rng.randint(1, 12)):
        k = rng.random()
        if k < 0.25: out += rng.choice(words).encode()
        elif k < 0.6: out += "".join(rng.choice(chars) for _ in range(rng.randint(1, 6))).encode()
        elif k < 0.7: out += "".join(rng.choice("e\u0300\u0323\u0345\u302e\u302f\U00016ff0\U0001d165\u0d00\u05b4\u0304") for _ in range(rng.randint(2, 8))).encode()
        elif k < 0.75: out += rng.choice(["a", "\u00e9", "\ud55c"]).encode() * rng.choice([33, 34, 50, 99, 100, 101])
        elif k < 0.8: out += rng.choice(["[MASK]", "[CLS]", "[mask]", "[[SEP]", "[PAD"]).encode()
        elif k < 0.9: out += bytes(rng.randrange(256) for _ in range(rng.randint(1, 4)))
        elif k < 0.95: out += "".join(rng.choice(chars) for _ in range(3)).encode()[:-1]
        if rng.random() < 0.5: out += rng.choice([" ", "\u00a0", "\u3000", "\t", ","]).encode()
    return out

variants = []
for clean, chinese, strip, lower in itertools.product((True, False), (True, False), (None, True, False), (True, False)):
    t = variant(small, clean, chinese, strip, lower)
    cases = []
    for raw in [text() for _ in range(60)]:
        ids, spans = encode(t, raw)
        cases.append({"bytes": raw.hex(), "ids": ids, "spans": spans if ordered(t, raw) else None})
    variants.append({"normalizer": small["normalizer"].copy(), "cases": cases})
write("variants.json.gz", variants)

pages = []
for settings in ((True, True, None, True), (True, True, None, False), (False, False, False, True), (True, True, True, False)):
    t, sums = variant(base, *settings), []
    for first in range(0, 0x110000, 4096):
        crc = 0
        for c in range(first, first + 4096):
            if 0xD800 <= c < 0xE000: continue
            ids, spans = encode(t, f"a{chr(c)}b".encode())
            crc = zlib.crc32(struct.pack(f"<{3*len(ids)}i", *ids, *itertools.chain(*spans)), crc)
        sums.append(crc)
    pages.append({"normalizer": base["normalizer"].copy(), "crc": sums})
write("codepoints.json.gz", pages)
