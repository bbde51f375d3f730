package encoder

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/org/salesconv/encoder/minilm"
)

// small is a model of testdata that runs fast.
func small(t testing.TB, name string) *Model {
	t.Helper()
	m, err := Load(modelFiles(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestEncodeBits wants the same bits for a text alone and among others, for any number of threads, and from many
// calls at once.
func TestEncodeBits(t *testing.T) {
	texts := readTexts(t)[:60]
	for i := range 2000 { // several windows and many chunks
		texts = append(texts, fmt.Sprint(strings.Repeat("hello price ", i%30), i))
	}
	for _, name := range []string{"mean12", "max-dense"} {
		m := small(t, name)
		want, err := m.Encode(t.Context(), texts, nil)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, threads := range []int{1, 2, 7} {
			wg.Go(func() {
				e, err := m.Encode(t.Context(), texts, &Options{Threads: threads})
				if err != nil || !slices.Equal(e.data, want.data) {
					t.Errorf("%s: rows differ with %d threads (error %v)", name, threads, err)
				}
			})
		}
		wg.Go(func() {
			for i := 0; i < len(texts); i += 97 {
				e, err := m.Encode(t.Context(), texts[i:i+1], nil)
				if err != nil || !slices.Equal(e.data, want.RawRow(i)) {
					t.Errorf("%s: text %d alone differs (error %v)", name, i, err)
				}
			}
		})
		wg.Wait()
	}
}

// TestMiniLMBits wants the same bits from the real model for GOMAXPROCS 1, 2 and 7.
func TestMiniLMBits(t *testing.T) {
	texts := readTexts(t)[60:70]
	var want []float32
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, n := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(n)
		e, err := loadMiniLM(t).Encode(t.Context(), texts, nil)
		if err != nil {
			t.Fatal(err)
		}
		one, err := loadMiniLM(t).Encode(t.Context(), texts[:1], nil)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = e.data
		}
		if !slices.Equal(e.data, want) || !slices.Equal(one.data, want[:384]) {
			t.Errorf("GOMAXPROCS %d: rows differ from the rows of GOMAXPROCS 1", n)
		}
	}
}

func TestEncodeFew(t *testing.T) {
	m := small(t, "max-dense")
	e, err := m.Encode(t.Context(), nil, nil)
	if r, c := e.Dims(); err != nil || r != 0 || c != 20 {
		t.Errorf("no texts: %d×%d and error %v, want 0×20", r, c, err)
	}
	e, err = m.Encode(t.Context(), []string{"", "a", strings.Repeat("price ", 30)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if e.Segments != 3 || e.Tokens != 2+3+20 || e.Truncated != 1 || e.Cut != 12 {
		t.Errorf("%d texts, %d tokens, %d truncated by %d, want 3, 25, 1, 12", e.Segments, e.Tokens, e.Truncated, e.Cut)
	}
	var sum float64
	for j := range 20 {
		sum += e.At(1, j) * e.At(1, j)
	}
	if math.Abs(sum-1) > 1e-6 {
		t.Errorf("squares of a row sum to %g, want 1", sum)
	}
	if r, c := e.T().Dims(); r != 20 || c != 3 || mat.Norm(e.T(), 2) == 0 {
		t.Errorf("transpose is %d×%d, want 20×3", r, c)
	}
}

func TestEncodeProgressAndContext(t *testing.T) {
	m := small(t, "mean12")
	texts := slices.Repeat([]string{"hello there", "the price is too high"}, 500)
	last := 0
	if _, err := m.Encode(t.Context(), texts, &Options{Progress: func(done, total int) {
		if done <= last || total != len(texts) {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	}}); err != nil || last != len(texts) {
		t.Errorf("progress ended at %d with error %v, want %d", last, err, len(texts))
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := m.Encode(ctx, texts, &Options{Progress: func(int, int) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// ending is a context that ends after it has been looked at some times.
type ending struct {
	context.Context
	looks atomic.Int32
}

func (e *ending) Err() error {
	if e.looks.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestEncodeLongContext ends a context while one long text is tokenized.
func TestEncodeLongContext(t *testing.T) {
	m := small(t, "mean12")
	text := []string{strings.Repeat("hello price ", 1<<20)}
	for name, encode := range map[string]func(ctx context.Context) error{
		"text":     func(ctx context.Context) error { _, err := m.Encode(ctx, text, nil); return err },
		"segment":  func(ctx context.Context) error { _, err := m.EncodeSegments(ctx, text, nil); return err },
		"document": func(ctx context.Context) error { _, err := m.EncodeDocuments(ctx, [][]string{text}, nil); return err },
	} {
		ctx := &ending{Context: t.Context()}
		ctx.looks.Store(4)
		if err := encode(ctx); err == nil || ctx.looks.Load() < -4 {
			t.Errorf("%s: error %v after %d more looks at the context", name, err, -ctx.looks.Load())
		}
	}
}

// TestEncodeNotFinite spoils a weight after loading: the error names the layer.
func TestEncodeNotFinite(t *testing.T) {
	m := small(t, "mean12")
	for _, p := range m.Parameters() {
		if p.Name == "encoder.layer.7.intermediate.dense.weight" {
			p.Value.Data().([]float32)[5] = float32(math.NaN())
		}
	}
	m.InvalidateWeights()
	_, err := m.Encode(t.Context(), []string{"hello there"}, nil)
	if err == nil || !strings.Contains(err.Error(), "encoder.layer.7.") {
		t.Errorf("error %v, want one that names encoder.layer.7", err)
	}
}

// TestDocuments computes the rows of documents from the rows of their segments by hand.
func TestDocuments(t *testing.T) {
	m := small(t, "mean12")
	docs := [][]string{
		{"hello there", "", "the price is too high", "we can sign it today"},
		{"a"},
		{strings.Repeat("one two three ", 40), "four"},
	}
	roles := [][]int{{0, 1, 0, 1}, {1}, {0, 0}}
	all, err := m.EncodeSegments(t.Context(), slices.Concat(docs...), nil)
	if err != nil {
		t.Fatal(err)
	}
	if all.Segments != 7 || all.Splits != 3 || all.Truncated != 0 { // 120 tokens in sequences of 30
		t.Errorf("%d segments, %d splits, %d truncated, want 7, 3, 0", all.Segments, all.Splits, all.Truncated)
	}
	pooling := Join(Mean, LengthWeighted, Last(2), Trend, PerRole(2, Mean), First(2))
	e, err := m.EncodeDocuments(t.Context(), docs, &Options{Pooling: pooling, Roles: roles})
	if err != nil {
		t.Fatal(err)
	}
	if e.Segments != all.Segments || e.Splits != all.Splits || e.Tokens != all.Tokens {
		t.Errorf("counts %d, %d, %d, want %d, %d, %d", e.Segments, e.Splits, e.Tokens, all.Segments, all.Splits, all.Tokens)
	}
	tokens := [][]float64{{4, 2, 7, 7}, {3}, {122, 3}}
	at := 0
	for d, segments := range docs {
		n := len(segments)
		want := make([]float64, 7*16)
		var total, spoken, heard float64
		for i := range segments {
			total += tokens[d][i]
			spoken += float64(1 - roles[d][i])
			heard += float64(roles[d][i])
		}
		for i := range segments {
			w := []float64{1 / float64(n), tokens[d][i] / total, 0, 0, 0, 0, 0}
			if i < 2 {
				w[6] = 1 / float64(min(n, 2))
			}
			if i >= n-2 {
				w[2] = 1 / float64(min(n, 2))
			}
			if n > 1 { // the slope of a least-squares line through (t, x)
				var squares float64
				for j := range n {
					squares += math.Pow(float64(j)/float64(n-1)-0.5, 2)
				}
				w[3] = (float64(i)/float64(n-1) - 0.5) / squares
			}
			w[4+roles[d][i]] = 1 / []float64{spoken, heard}[roles[d][i]]
			for b := range w {
				for j := range 16 {
					want[b*16+j] += w[b] * all.At(at+i, j)
				}
			}
		}
		at += n
		for j, x := range want {
			if math.Abs(e.At(d, j)-x) > 1e-6 {
				t.Fatalf("document %d, column %d: %g, want %g", d, j, e.At(d, j), x)
			}
		}
	}
}

// TestSequences wants every token of a segment in its sequences, in order, cut between words where that can be.
func TestSequences(t *testing.T) {
	m := small(t, "max-dense") // reads 20 tokens
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"price", "signed", "zq", "xyzxyzxyzxyzxyz", strings.Repeat("k", 60), "!"})).Draw(t, "words"), " ")
		all, _ := m.tokenizer.Append(nil, text, 0)
		docs, err := m.TokenizeDocuments(t.Context(), [][]string{{text}})
		if err != nil {
			t.Fatal(err)
		}
		segment := docs[0][0]
		ids, share := segment.Sequences, segment.Shares
		if n := segment.Tokens(); n != len(all) {
			t.Errorf("a segment of %d tokens, want %d", n, len(all))
		}
		joined, sum := all[:1:1], 0.0
		for i, s := range ids {
			if len(s) > 20 || s[0] != all[0] || s[len(s)-1] != all[len(all)-1] {
				t.Fatalf("sequence %d is %v, want at most 20 ids between [CLS] and [SEP]", i, s)
			}
			if i > 0 && len(ids[i-1]) < 20 && strings.HasPrefix(m.tokenizer.Token(s[1]), "##") {
				t.Errorf("sequence %d begins inside a word, though there was room", i)
			}
			joined = append(joined, s[1:len(s)-1]...)
			sum += share[i]
		}
		if joined = append(joined, all[len(all)-1]); !slices.Equal(joined, all) || math.Abs(sum-1) > 1e-12 {
			t.Errorf("sequences hold %v with shares of %g, want %v and 1", joined, sum, all)
		}
	})
}

// TestDocumentGraph wants the graph's documents to equal those of EncodeDocuments.
func TestDocumentGraph(t *testing.T) {
	m := small(t, "cls-cased")
	docs := [][]string{{"Hello there", "", strings.Repeat("one two ", 100)}, {"the price"}}
	want, err := m.EncodeDocuments(t.Context(), docs, &Options{Pooling: LengthWeighted})
	if err != nil {
		t.Fatal(err)
	}
	g, err := m.Graph(&GraphOptions{Documents: true})
	if err != nil {
		t.Fatal(err)
	}
	vm, err := g.Compile()
	if err != nil {
		t.Fatal(err)
	}
	tokenized, err := m.TokenizeDocuments(t.Context(), docs)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.SetDocuments(tokenized, LengthWeighted); err != nil {
		t.Fatal(err)
	}
	if err := g.Run(t.Context(), vm); err != nil {
		t.Fatal(err)
	}
	if d := worst(g.Embeddings.Value().Data().([]float32), want.data); !(d < 1e-6) {
		t.Errorf("rows of the graph differ by %g", d)
	}
	if err := g.SetDocuments(tokenized, Join(Mean, Trend)); err == nil {
		t.Error("a pooling of two blocks gave no error")
	}
	if err := g.SetDocuments(Documents{{}}, nil); err == nil {
		t.Error("a document without segments gave no error")
	}
	got, err := m.EncodeTokenized(t.Context(), tokenized, &Options{Pooling: LengthWeighted})
	if err != nil || !slices.Equal(got.data, want.data) || got.Tokens != want.Tokens {
		t.Errorf("documents tokenized before differ, error %v", err)
	}
}

func TestDocumentErrors(t *testing.T) {
	m := small(t, "cls-cased")
	for want, c := range map[string]struct {
		docs [][]string
		opts Options
	}{
		"document 1 has no segments":                                                              {docs: [][]string{{"a"}, {}}},
		"roles of 1 documents, want 2":                                                            {[][]string{{"a"}, {"b"}}, Options{Roles: [][]int{{0}}}},
		"document 0: 2 roles, want one for each of 1 segments":                                    {[][]string{{"a"}}, Options{Roles: [][]int{{0, 1}}}},
		"document 0: the pooling gave no block":                                                   {[][]string{{"a"}}, Options{Pooling: Join()}},
		"document 0: the pooling gave no block of weights, want one or more; PerRole needs roles": {[][]string{{"a"}}, Options{Pooling: PerRole(2, Mean)}},
		"document 0: the pooling gave 0 weights":                                                  {[][]string{{"a"}}, Options{Pooling: func(Segments) [][]float64 { return [][]float64{{}} }}},
		"document 0: the pooling gave segment 0 the weight NaN":                                   {[][]string{{"a"}}, Options{Pooling: func(Segments) [][]float64 { return [][]float64{{math.NaN()}} }}},
		"document 1: the pooling gave 2 blocks, want 1 as for the": {[][]string{{"a"}, {"b", "c"}}, Options{Pooling: func(s Segments) [][]float64 {
			return slices.Repeat([][]float64{make([]float64, len(s.Tokens))}, len(s.Tokens))
		}}},
	} {
		if _, err := m.EncodeDocuments(t.Context(), c.docs, &c.opts); err == nil || !strings.HasPrefix(err.Error(), "encoder: "+want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	e, err := m.EncodeDocuments(t.Context(), nil, nil)
	if r, c := e.Dims(); err != nil || r != 0 || c != 40 {
		t.Errorf("no documents: %d×%d and error %v, want 0×40", r, c, err)
	}
}

// TestCache wants the same rows with a cache as without, and only new segments to be run.
func TestCache(t *testing.T) {
	m := small(t, "mean12")
	call := []string{"hello there", "the price is too high", strings.Repeat("one two three ", 40), "we can sign it today"}
	cache := NewCache(8)
	encode := func(call []string, c *Cache) *Embeddings {
		e, err := m.EncodeDocuments(t.Context(), [][]string{call}, &Options{Cache: c})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for n, tokens := range []int{4, 7, 128, 7} { // of turn n; the long one takes 4 sequences of 30 tokens, [CLS] and [SEP]
		e := encode(call[:n+1], cache)
		if e.Tokens != tokens || !slices.Equal(e.data, encode(call[:n+1], nil).data) {
			t.Errorf("turn %d cost %d tokens, want %d and the row of the call without a cache", n, e.Tokens, tokens)
		}
	}
	if e := encode(call[1:], cache); e.Tokens != 0 {
		t.Errorf("leaving a turn out cost %d tokens, want 0", e.Tokens)
	}
	for i := range 8 { // pushes the four out
		encode([]string{fmt.Sprint(i)}, cache)
	}
	if e := encode(call[:1], cache); e.Tokens != 4 {
		t.Errorf("a segment that made way cost %d tokens, want 4", e.Tokens)
	}
	m.InvalidateWeights()
	if e := encode(call[:1], cache); e.Tokens != 4 {
		t.Errorf("a segment cost %d tokens after a change of weights, want 4", e.Tokens)
	}
}

// mixed draws texts of 5 to 190 common words.
func mixed(n int) []string {
	r := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("the price is more than we had in our budget this quarter so let me talk to my manager and call you back on monday about integration with payroll discount contract vendor security review")
	texts := make([]string, n)
	for i := range texts {
		var b strings.Builder
		for range 5 + r.IntN(186) {
			b.WriteString(words[r.IntN(len(words))] + " ")
		}
		texts[i] = b.String()
	}
	return texts
}

func BenchmarkEncode(b *testing.B) {
	m := loadMiniLM(b)
	for name, texts := range map[string][]string{
		"mixed512": mixed(512),
		"full64":   slices.Repeat([]string{strings.Repeat("price ", 254)}, 64),
		"short":    {"Honestly, that's more than we budgeted."},
		"100":      {strings.Repeat("price ", 98)},
	} {
		for arithmetic, opts := range map[string]*Options{"float32": nil, "int8": {Int8: true}} {
			b.Run(name+"/"+arithmetic, func(b *testing.B) {
				tokens := 0
				b.ReportAllocs()
				for b.Loop() {
					e, err := m.Encode(b.Context(), texts, opts)
					if err != nil {
						b.Fatal(err)
					}
					tokens += e.Tokens
				}
				b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
			})
		}
	}
}

// BenchmarkDocuments encodes calls of 20 turns, and by turns with them the same turns as texts.
func BenchmarkDocuments(b *testing.B) {
	m := loadMiniLM(b)
	turns := mixed(2000)
	for i := range turns {
		turns[i] = turns[i][:len(turns[i])/6]
	}
	calls := slices.Collect(slices.Chunk(turns, 20))
	best := func(fastest *float64, encode func() (*Embeddings, error)) {
		start := time.Now()
		e, err := encode()
		if err != nil {
			b.Fatal(err)
		}
		*fastest = max(*fastest, float64(e.Tokens)/time.Since(start).Seconds())
	}
	var documents, texts float64
	for b.Loop() {
		best(&documents, func() (*Embeddings, error) { return m.EncodeDocuments(b.Context(), calls, nil) })
		best(&texts, func() (*Embeddings, error) { return m.Encode(b.Context(), turns, nil) })
	}
	b.ReportMetric(documents, "tokens/s")
	b.ReportMetric(documents/texts, "of-texts")
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		m, err := Load(minilm.FS())
		if err == nil {
			_, err = m.Encode(b.Context(), []string{"Hello there"}, nil)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLiveTurn is a call of 60 turns that gets one more, of 20 tokens. The 60 are in the cache already.
func BenchmarkLiveTurn(b *testing.B) {
	m, opts := loadMiniLM(b), &Options{Cache: NewCache(0)}
	call := mixed(60)
	encode := func(turn string) {
		if _, err := m.EncodeDocuments(b.Context(), [][]string{append(call, turn)}, opts); err != nil {
			b.Fatal(err)
		}
	}
	encode("Hello there.")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		encode(fmt.Sprintf("Honestly, that's more than we budgeted, %d or %d at least, this year.", 100+i/900, 100+i%900))
	}
}

func TestTokenizeDocumentsStops(t *testing.T) {
	m := small(t, "mean12")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.TokenizeDocuments(ctx, [][]string{{"a"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
