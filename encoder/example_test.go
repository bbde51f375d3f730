package encoder_test

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
)

func load() *encoder.Model {
	m, err := encoder.Load(minilm.FS())
	if err != nil {
		log.Fatal(err)
	}
	return m
}

// dot is the cosine of two rows of length 1.
func dot(x, y []float32) (sum float64) {
	for i := range x {
		sum += float64(x[i] * y[i])
	}
	return sum
}

func ExampleModel_Encode() {
	model := load()
	rows, err := model.Encode(context.Background(), []string{
		"The price is too high for us.",
		"That is more than we can afford.",
		"Can it sync with our calendar?",
	}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows.Dims())
	fmt.Printf("price and price %.2f, price and calendar %.2f\n", dot(rows.RawRow(0), rows.RawRow(1)), dot(rows.RawRow(0), rows.RawRow(2)))
	// Output:
	// 3 384
	// price and price 0.49, price and calendar 0.08
}

// A call in progress: with a cache each step costs only the turn that is new.
func ExampleModel_EncodeDocuments() {
	model, cache := load(), encoder.NewCache(0)
	call := []string{"Hi Dana, do you have a minute?", "Sure, what is it about?", "Our payroll suite.", "Send me the paperwork."}
	opts := &encoder.Options{Pooling: encoder.Join(encoder.Mean, encoder.Last(2)), Cache: cache}
	for n := 1; n <= len(call); n++ {
		rows, err := model.EncodeDocuments(context.Background(), [][]string{call[:n]}, opts)
		if err != nil {
			log.Fatal(err)
		}
		_, width := rows.Dims()
		fmt.Printf("%d turns: a row of %d, %d new pieces\n", rows.Segments, width, rows.Tokens)
	}
	// Output:
	// 1 turns: a row of 768, 11 new pieces
	// 2 turns: a row of 768, 9 new pieces
	// 3 turns: a row of 768, 6 new pieces
	// 4 turns: a row of 768, 7 new pieces
}

func ExampleModel_Save() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := load().Save(filepath.Join(dir, "model")); err != nil {
		log.Fatal(err)
	}
	files, err := fs.Glob(os.DirFS(dir), "model/*")
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		fmt.Println(f)
	}
	// Output:
	// model/1_Pooling
	// model/README.md
	// model/config.json
	// model/config_sentence_transformers.json
	// model/model.safetensors
	// model/modules.json
	// model/sentence_bert_config.json
	// model/special_tokens_map.json
	// model/tokenizer.json
	// model/tokenizer_config.json
	// model/vocab.txt
}

// The graph with a loss of one's own on top, and the gradient of one of its weights.
func ExampleModel_Graph() {
	graph, err := load().Graph(&encoder.GraphOptions{Gradients: true, Documents: 2})
	if err != nil {
		log.Fatal(err)
	}
	loss := G.Must(G.Sum(G.Must(G.Slice(graph.Embeddings, nil, G.S(0))))) // of the first column
	if _, err := G.Grad(loss, graph.Parameters...); err != nil {
		log.Fatal(err)
	}
	machine, err := graph.Compile()
	if err != nil {
		log.Fatal(err)
	}
	graph.SetTexts([]string{"The price is too high.", "We can sign today."})
	if err := graph.Run(machine); err != nil {
		log.Fatal(err)
	}
	for _, p := range graph.Parameters[len(graph.Parameters)-2:] {
		gradient, err := p.Grad()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(p.Name(), gradient.Shape())
	}
	// Output:
	// encoder.layer.5.output.LayerNorm.weight (384)
	// encoder.layer.5.output.LayerNorm.bias (384)
}
