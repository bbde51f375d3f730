"""Writes tables.go: how the reference tokenizer, whose version it names, treats every code point.

Nothing is taken from a Unicode database: the reference mixes tables of several ages (character classes of Unicode 8,
a decomposition of Unicode 13, the lower case of its Rust compiler), so each code point is sent through it and watched.
"""
import gzip, json, os, tokenizers
from tokenizers import normalizers, pre_tokenizers

HERE = os.path.dirname(os.path.abspath(__file__))
OFF = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
step = lambda name: normalizers.BertNormalizer(**{**OFF, name: True}).normalize_str
clean, chinese, strip, lower = map(step, ("clean_text", "handle_chinese_chars", "strip_accents", "lowercase"))
nfd, split = normalizers.NFD().normalize_str, pre_tokenizers.BertPreTokenizer().pre_tokenize_str
POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)  # decomposed by arithmetic

def splits(s): return [s[a:b] for _, (a, b) in split(s)]

def combining(c):
    """The canonical combining class, told by which marks of known class it changes places with."""
    s = chr(c)
    after = lambda p: nfd("a" + p + s) != "a" + nfd(p) + nfd(s)   # s moves before p
    before = lambda p: nfd("a" + s + p) != "a" + nfd(s) + nfd(p)  # p moves before s
    if not after(MARKS[240]) and not before(MARKS[1]): return 0
    return next(k for k, p in MARKS.items() if not after(p) and not before(p))

# One mark for each combining class that has any, from Unicode 1.1 to 5.1.
MARKS = {k: chr(c) for k, c in {1: 0x334, 7: 0x93C, 8: 0x3099, 9: 0x94D, 10: 0x5B0, 11: 0x5B1, 12: 0x5B2, 13: 0x5B3,
    14: 0x5B4, 15: 0x5B5, 16: 0x5B6, 17: 0x5B7, 18: 0x5B8, 19: 0x5B9, 20: 0x5BB, 21: 0x5BC, 22: 0x5BD, 23: 0x5BF,
    24: 0x5C1, 25: 0x5C2, 26: 0xFB1E, 27: 0x64B, 28: 0x64C, 29: 0x64D, 30: 0x64E, 31: 0x64F, 32: 0x650, 33: 0x651,
    34: 0x652, 35: 0x670, 36: 0x711, 84: 0xC55, 91: 0xC56, 103: 0xE38, 107: 0xE48, 118: 0xEB8, 122: 0xEC8, 129: 0xF71,
    130: 0xF72, 132: 0xF74, 202: 0x327, 214: 0x1DCE, 216: 0x31B, 218: 0x302A, 220: 0x316, 222: 0x59A, 224: 0x302E,
    226: 0x1D16D, 228: 0x302B, 230: 0x300, 232: 0x315, 233: 0x35C, 234: 0x35D, 240: 0x345}.items()}

removed, space, cjk, punctuation, mark = [], [], [], [], []
classes, decomposed, lowered = {}, {}, {}
for c in POINTS:
    s = chr(c)
    got = clean("a" + s + "b")
    if got == "ab": removed.append(c)
    elif got != "a" + s + "b": assert got == "a b", (c, got)
    if chinese(s) == " " + s + " ": cjk.append(c)
    parts = splits("a" + s + "b")
    if parts == ["a", "b"]: space.append(c)
    elif parts == ["a", s, "b"]: punctuation.append(c)
    else: assert parts == ["a" + s + "b"], (c, parts)
    if (got == "a b") != (c in space[-1:]): assert c in removed[-1:] or s == " ", (c, got, parts)
    d = nfd(s)
    if d == s and strip(s) == "": mark.append(c)
    if d != s and c not in HANGUL: decomposed[c] = d
    if d == s and (k := combining(c)): classes[c] = k
    if lower(s) != s: lowered[c] = lower(s)
for c, d in decomposed.items():  # a decomposition is told by its parts
    assert strip(chr(c)) == "".join(p for p in d if strip(p)), c
    assert all(nfd(p) == p for p in d), c

def ranges(points):
    """Runs of consecutive code points as (first, last)."""
    out = []
    for c in sorted(points):
        if out and c == out[-1][1] + 1: out[-1][1] = c
        else: out.append([c, c])
    return out

def runs(values):
    """Runs (first, last, value) of points one or two apart with one value: lower case alternates in many scripts."""
    out = []
    for c, v in sorted(values.items()):
        p = out[-1] if out else None
        if p and v == p[3] and c - p[1] == p[2] and p[2] in (1, 2): p[1] = c
        elif p and v == p[3] and p[0] == p[1] and c - p[1] in (1, 2): p[1], p[2] = c, c - p[1]
        else: out.append([c, c, 1, v])
    return out

def rows(items, width=118):
    """Lines of comma-separated items, packed to the width."""
    line, out = "", []
    for x in items:
        if len(line) + len(x) + 2 > width: out.append(line.rstrip()); line = ""
        line += x + ", "
    return "".join("\t" + l + "\n" for l in out + [line.rstrip()] if l)

def quote(s): return '"' + "".join(c if 32 < ord(c) < 127 and c not in '"\\' else f"\\u{ord(c):04x}" if ord(c) < 1 << 16 else f"\\U{ord(c):08x}" for c in s) + '"'

assert [c for c in lowered if len(lowered[c]) > 1] == [0x130] and lowered.pop(0x130) == "i\u0307"
delta = {c: ord(s) - c for c, s in lowered.items()}
sets = [("removedRanges", "which clean_text removes: control, format and private use characters", removed),
    ("spaceRanges", "that separate words: White_Space", space),
    ("cjkRanges", "of Chinese, Japanese and Korean ideographs, each a word of its own", cjk),
    ("punctuationRanges", "that are words of their own", punctuation),
    ("markRanges", "which strip_accents removes: nonspacing marks", mark)]
with open(os.path.join(HERE, "..", "tables.go"), "w", encoding="utf-8") as f:
    f.write(f"// Code generated by _gen/tables.py from tokenizers {tokenizers.__version__}. DO NOT EDIT.\n\npackage wordpiece\n")
    for name, what, points in sets:
        f.write(f"\n// {name} holds the first and last of each run of characters {what}.\nvar {name} = [][2]rune{{\n")
        f.write(rows(f"{{{a:#x}, {b:#x}}}" for a, b in ranges(points)) + "}\n")
    f.write("\n// combiningRuns holds the canonical combining classes that are not zero.\nvar combiningRuns = []run{\n")
    f.write(rows(f"{{{a:#x}, {b:#x}, {s}, {v}}}" for a, b, s, v in runs(classes)) + "}\n")
    f.write("\n// lowerRuns holds what to add to a character for its lower case. U+0130 alone becomes two characters.\nvar lowerRuns = []run{\n")
    f.write(rows(f"{{{a:#x}, {b:#x}, {s}, {v}}}" for a, b, s, v in runs(delta)) + "}\n")
    f.write("\n// decomposable lists the characters with a canonical decomposition, Hangul syllables aside.\nvar decomposable = []rune{\n")
    f.write(rows(f"{c:#x}" for c in sorted(decomposed)) + "}\n")
    f.write("\n// decompositions holds the full canonical decomposition of each character in decomposable.\nvar decompositions = []string{\n")
    f.write(rows(quote(decomposed[c]) for c in sorted(decomposed)) + "}\n")
