package wordpiece

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/internal/reference"
)

// miniLM is the tokenizer.json of the default model.
var miniLM = sync.OnceValue(func() []byte {
	data, err := fs.ReadFile(minilm.FS(), "tokenizer.json")
	if err != nil {
		panic(err)
	}
	return data
})

func newTokenizer(t testing.TB, data []byte) *Tokenizer {
	t.Helper()
	tok, err := New(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// edit returns a tokenizer.json with the value at a path of keys replaced, or taken out if it is nil.
func edit(t testing.TB, data []byte, value any, path ...string) []byte {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	m := root
	for _, key := range path[:len(path)-1] {
		m = m[key].(map[string]any)
	}
	if m[path[len(path)-1]] = value; value == nil {
		delete(m, path[len(path)-1])
	}
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

type golden struct {
	Text    string
	IDs     []int
	Offsets [][2]int // in characters
}

func goldens(t testing.TB) (all []golden) {
	d := json.NewDecoder(strings.NewReader(string(reference.Bytes(t, "tokens.jsonl.gz"))))
	for d.More() {
		var g golden
		if err := d.Decode(&g); err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	return all
}

// TestReference wants the reference's ids and offsets on every text; none of its offsets had to be left out.
func TestReference(t *testing.T) {
	tok := newTokenizer(t, miniLM())
	all := goldens(t)
	if len(all) != 1693 {
		t.Fatalf("%d texts, want 1693", len(all))
	}
	for line, g := range all {
		var at []int // where each character starts
		for i := range g.Text {
			at = append(at, i)
		}
		at = append(at, len(g.Text))
		spans := make([][2]int, len(g.Offsets))
		for i, o := range g.Offsets {
			spans[i] = [2]int{at[o[0]], at[o[1]]}
		}
		compare(t, fmt.Sprintf("line %d", line+1), tok, g.Text, g.IDs, spans)
	}
}

// compare encodes a text both ways.
func compare(t *testing.T, name string, tok *Tokenizer, text string, ids []int, spans [][2]int) {
	t.Helper()
	e := tok.Encode(text, 0)
	if !slices.Equal(e.IDs, ids) || !slices.Equal(e.Spans, spans) || e.Cut != 0 {
		t.Errorf("%s: %q\n got %v %v\nwant %v %v", name, text, e.IDs, e.Spans, ids, spans)
	}
	if got, cut := tok.Append(context.Background(), nil, text, 0); !slices.Equal(got, ids) || cut != 0 {
		t.Errorf("%s: %q: Append gives %v and cuts %d, want %v", name, text, got, cut, ids)
	}
}

// TestVariants checks cased models and the other settings of the normalizer, on bytes of all kinds.
func TestVariants(t *testing.T) {
	var variants []struct {
		Normalizer map[string]any
		Cases      []struct {
			Bytes string
			IDs   []int
			Spans [][2]int
		}
	}
	reference.JSON(t, "variants.json.gz", &variants)
	small := reference.Bytes(t, "small.json.gz")
	unordered := 0 // texts whose reference spans are left out, see testdata/make_variants.py
	for _, v := range variants {
		tok := newTokenizer(t, edit(t, small, v.Normalizer, "normalizer"))
		for _, c := range v.Cases {
			text, err := hex.DecodeString(c.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			if c.Spans == nil {
				unordered++
				c.Spans = tok.Encode(string(text), 0).Spans
			}
			compare(t, fmt.Sprint(v.Normalizer), tok, string(text), c.IDs, c.Spans)
		}
	}
	if len(variants) != 24 || unordered != 257 {
		t.Errorf("%d settings and %d texts without spans, want 24 and 257", len(variants), unordered)
	}
}

// TestCodePoints sends every code point through the encoder.
func TestCodePoints(t *testing.T) {
	var settings []struct {
		Normalizer map[string]any
		CRC        []uint32
	}
	reference.JSON(t, "codepoints.json.gz", &settings)
	for _, s := range settings {
		tok := newTokenizer(t, edit(t, miniLM(), s.Normalizer, "normalizer"))
		for page, want := range s.CRC {
			if got := pageSum(tok, rune(page*4096)); got != want {
				t.Errorf("%v: code points from %#x: CRC %d, want %d", s.Normalizer, page*4096, got, want)
			}
		}
	}
}

// pageSum is the CRC-32 of ids and spans of 4,096 code points between a and b, surrogates left out.
func pageSum(tok *Tokenizer, first rune) (sum uint32) {
	var b []byte
	for r := first; r < first+4096; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		e := tok.Encode("a"+string(r)+"b", 0)
		b = b[:0]
		for _, id := range e.IDs {
			b = binary.LittleEndian.AppendUint32(b, uint32(id))
		}
		for _, s := range e.Spans {
			b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, uint32(s[0])), uint32(s[1]))
		}
		sum = crc32.Update(sum, crc32.IEEETable, b)
	}
	return sum
}

func TestLimit(t *testing.T) {
	tok := newTokenizer(t, miniLM())
	const text = "unbelievable prices [MASK] naïve"
	whole := tok.Encode(text, 0)
	for limit := -1; limit < len(whole.IDs)+2; limit++ {
		n := len(whole.IDs)
		if limit > 0 {
			n = min(max(limit, 2), n)
		}
		e := tok.Encode(text, limit)
		ids := append(slices.Clone(whole.IDs[:n-1]), whole.IDs[len(whole.IDs)-1])
		spans := append(slices.Clone(whole.Spans[:n-1]), [2]int{})
		if !slices.Equal(e.IDs, ids) || !slices.Equal(e.Spans, spans) || e.Cut != len(whole.IDs)-n {
			t.Errorf("limit %d: %v, want ids %v, spans %v", limit, e, ids, spans)
		}
		if got, cut := tok.Append(context.Background(), []int{7}, text, limit); !slices.Equal(got[1:], ids) || got[0] != 7 || cut != e.Cut {
			t.Errorf("limit %d: Append gives %v and cuts %d", limit, got, cut)
		}
	}
}

// Marks that are dropped keep their places in the canonical order, as in the reference: what is left stands for the
// character in whose place it comes to be. Long runs take time in proportion.
func TestReordered(t *testing.T) {
	tok := newTokenizer(t, miniLM())
	for text, want := range map[string][2]int{
		"\u00f1\U00011235\U000102e0": {0, 6},  // the tilde of the first comes last, and takes no place
		"\U0001E024\uABED":           {4, 7},  // classes 230 and 9: the second comes first, and is dropped
		"\uABED\U0001E024":           {3, 7},  // in order already
		"\uABED\U0001E024\uABED":     {7, 10}, // both marks come first
		"a\U0001E024\uABEDb":         {0, 9},  // a word around them
		"x\u0301\u0323\u0301\u0323":  {0, 1},  // marks alone
	} {
		if e := tok.Encode(text, 0); len(e.IDs) != 3 || e.Spans[1] != want {
			t.Errorf("%q: spans %v, want one of %v", text, e.Spans, want)
		}
	}
	long := strings.Repeat("\u0301\u0323", 200_000) + "\U0001E024"
	if e := tok.Encode("a"+long, 0); len(e.IDs) != 3 || e.Spans[1] != [2]int{0, 1 + len(long)} {
		t.Errorf("a long run: %d ids, spans %v", len(e.IDs), e.Spans)
	}
}

func TestLiteral(t *testing.T) {
	tok := newTokenizer(t, miniLM())
	want := tok.Encode("[ mask ] and [ cls ]", 0).IDs
	if got := tok.Literal().Encode("[MASK] and [CLS]", 0).IDs; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := tok.Encode("[MASK][CLS]", 0).IDs; !slices.Equal(got, []int{101, 103, 101, 102}) {
		t.Errorf("special tokens: %v", got)
	}
}

func TestToken(t *testing.T) {
	tok := newTokenizer(t, miniLM())
	if n := tok.Size(); n != 30522 {
		t.Errorf("size %d", n)
	}
	for id, want := range map[int]string{-1: "", 0: "[PAD]", 103: "[MASK]", 30521: "##～", 30522: ""} {
		if got := tok.Token(id); got != want {
			t.Errorf("token %d is %q, want %q", id, got, want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	small := reference.Bytes(t, "small.json.gz")
	added := func(key string, value any) []any {
		token := map[string]any{"id": 4, "content": "[MASK]", "special": true}
		token[key] = value
		return []any{token}
	}
	for _, c := range []struct {
		want string
		data []byte
	}{
		{"byte 3: invalid character", []byte("{ x")},
		{"byte 32695: unexpected end of JSON input", small[:len(small)-9]},
		{"model \"BPE\": want WordPiece", edit(t, small, "BPE", "model", "type")},
		{"continuing_subword_prefix \"@@\": want \"##\"", edit(t, small, "@@", "model", "continuing_subword_prefix")},
		{"max_input_chars_per_word 200: want 100", edit(t, small, 200, "model", "max_input_chars_per_word")},
		{"normalizer \"Lowercase\": want BertNormalizer", edit(t, small, "Lowercase", "normalizer", "type")},
		{"normalizer \"\": want BertNormalizer", edit(t, small, nil, "normalizer")},
		{"pre_tokenizer \"Whitespace\": want BertPreTokenizer", edit(t, small, "Whitespace", "pre_tokenizer", "type")},
		{"post_processor \"\": want a template", edit(t, small, nil, "post_processor")},
		{"post_processor \"TemplateProcessing\": want a template", edit(t, small, []any{}, "post_processor", "single")},
		{"added token \"[MASK]\": want one", edit(t, small, added("single_word", true), "added_tokens")},
		{"added token \"[MASK]\": want one", edit(t, small, added("normalized", true), "added_tokens")},
		{"added token \"[MASK]\": has id 5, but 4", edit(t, small, added("id", 5), "added_tokens")},
		{"sugarme/tokenizer: ", edit(t, small, "x", "model", "vocab")},
		{"sugarme/tokenizer: ", edit(t, small, "x", "model", "vocab", "[UNK]")},
		{"token \"a\": id -1 is out of range", edit(t, small, -1, "model", "vocab", "a")},
		{"token \"a\": id 100000000 is out of range", edit(t, small, 1e8, "model", "vocab", "a")},
		{"tokens \"[UNK]\" and \"a\": both have the id 1", edit(t, small, 1, "model", "vocab", "a")},
		{"token \"[unknown]\": not in the vocabulary", edit(t, small, "[unknown]", "model", "unk_token")},
	} {
		if _, err := New(c.data, nil); err == nil || !strings.HasPrefix(err.Error(), "wordpiece: "+c.want) {
			t.Errorf("error %v\nwant %q", err, c.want)
		}
	}
}

// TestNewAccepts reads the older spellings of the same tokenizer.
func TestNewAccepts(t *testing.T) {
	small := reference.Bytes(t, "small.json.gz")
	want := newTokenizer(t, small).Encode("The price", 0).IDs
	bert := map[string]any{"type": "BertProcessing", "cls": []any{"[CLS]", 2}, "sep": []any{"[SEP]", 3}}
	for _, data := range [][]byte{edit(t, small, nil, "model", "type"), edit(t, small, bert, "post_processor")} {
		if got := newTokenizer(t, data).Encode("The price", 0).IDs; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

// FuzzNew wants a tokenizer or an error of any file, and of a tokenizer that it reads any text.
func FuzzNew(f *testing.F) {
	small := reference.Bytes(f, "small.json.gz")
	f.Add(small, "a [MASK] b")
	f.Add(small[:len(small)/2], "")
	f.Add([]byte(`{"model":{"type":"WordPiece","vocab":{}}}`), "x")
	bert := &Settings{Bert: &Bert{Lower: true, Unknown: "[UNK]", CLS: "[CLS]", SEP: "[SEP]"}, LowerFirst: true}
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		for _, s := range []*Settings{nil, bert} {
			tok, err := New(data, s)
			if (tok == nil) == (err == nil) {
				t.Fatalf("tokenizer %v and error %v, want one of them", tok, err)
			}
			if tok != nil {
				tok.Encode(text, 5)
			}
		}
	})
}

func FuzzEncode(f *testing.F) {
	small := reference.Bytes(f, "small.json.gz")
	toks := []*Tokenizer{
		newTokenizer(f, miniLM()),
		newTokenizer(f, edit(f, small, false, "normalizer", "lowercase")),
		newTokenizer(f, edit(f, small, false, "normalizer", "clean_text")),
	}
	for _, g := range goldens(f)[:200] {
		f.Add(g.Text, 16)
	}
	f.Add("e\u302e\u0323\U00016ff0\u0304\xe2\x82", 0)
	f.Add("\xff[MASK]\xf0\x9f\x92\uac01", 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		for _, tok := range toks {
			check(t, tok, text, limit)
		}
	})
}

// check wants spans that ascend on character boundaries, and a limit that only cuts.
func check(t *testing.T, tok *Tokenizer, text string, limit int) {
	whole, e := tok.Encode(text, 0), tok.Encode(text, limit)
	if n := len(e.IDs); len(e.Spans) != n || n+e.Cut != len(whole.IDs) || n > 2 && limit > 0 && n > limit ||
		!slices.Equal(e.IDs[:n-1], whole.IDs[:n-1]) || !slices.Equal(e.Spans[:n-1], whole.Spans[:n-1]) {
		t.Fatalf("%q: limit %d gives %v of %v", text, limit, e, whole)
	}
	if ids, cut := tok.Append(context.Background(), nil, text, limit); !slices.Equal(ids, e.IDs) || cut != e.Cut {
		t.Fatalf("%q: Append gives %v and cuts %d, Encode %v", text, ids, cut, e)
	}
	starts := map[int]bool{len(text): true}
	for i := 0; i < len(text); {
		starts[i] = true
		_, width := decode(text[i:])
		i += width
	}
	last := [2]int{}
	for _, s := range whole.Spans[1 : len(whole.Spans)-1] {
		if s[0] >= s[1] || !starts[s[0]] || !starts[s[1]] || s[0] < last[0] || s[1] < last[1] {
			t.Fatalf("%q: span %v after %v", text, s, last)
		}
		last = s
	}
}

func TestAppendAllocates(t *testing.T) {
	tok := newTokenizer(t, miniLM())
	ids := make([]int, 0, 4096)
	for _, g := range goldens(t)[:193] {
		if n := testing.AllocsPerRun(1, func() { tok.Append(context.Background(), ids, g.Text, 0) }); n > 0 {
			t.Fatalf("%q: %v allocations", g.Text, n)
		}
	}
}

// The call texts of the goldens: mostly ASCII.
func BenchmarkAppendCalls(b *testing.B) { benchmark(b, goldens(b)[73:193]) }

// Random characters of many scripts.
func BenchmarkAppendUnicode(b *testing.B) { benchmark(b, goldens(b)[193:]) }

func benchmark(b *testing.B, texts []golden) {
	tok := newTokenizer(b, miniLM())
	bytes := 0
	for _, g := range texts {
		bytes += len(g.Text)
	}
	b.SetBytes(int64(bytes))
	b.ReportAllocs()
	var ids []int
	for b.Loop() {
		for _, g := range texts {
			ids, _ = tok.Append(context.Background(), ids[:0], g.Text, 0)
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newTokenizer(b, miniLM())
	}
}
