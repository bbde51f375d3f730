package encoder_test

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

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

// small is a model with random weights, for examples that train.
func small() *encoder.Model {
	m, err := encoder.Load(os.DirFS("testdata/models/max-dense"))
	if err != nil {
		log.Fatal(err)
	}
	return m
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
	fmt.Printf("price and price %.2f, price and calendar %.2f\n", encoder.Cosine(rows.RawRow(0), rows.RawRow(1)), encoder.Cosine(rows.RawRow(0), rows.RawRow(2)))
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
		fmt.Printf("%d turns: a row of %d, %d new tokens\n", rows.Segments, width, rows.Tokens)
	}
	// Output:
	// 1 turns: a row of 768, 11 new tokens
	// 2 turns: a row of 768, 9 new tokens
	// 3 turns: a row of 768, 6 new tokens
	// 4 turns: a row of 768, 7 new tokens
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

// A loss in plain Go on the embeddings of texts: that the first and the second of a batch have the cosine 1. Such a loss
// reads batches of any size.
func ExampleGraph_Loss() {
	model := small()
	graph, err := model.Graph(&encoder.GraphOptions{Gradients: true})
	if err != nil {
		log.Fatal(err)
	}
	loss, err := graph.Loss("pair", graph.Embeddings, func(n, width int, x, grad []float32) (float64, error) {
		clear(grad)
		a, b := x[:width], x[width:2*width] // of length 1
		for i := range a {
			grad[i], grad[width+i] = -b[i], -a[i]
		}
		return 1 - encoder.Cosine(a, b), nil
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := G.Grad(loss, graph.Trainable...); err != nil {
		log.Fatal(err)
	}
	machine, err := graph.Compile()
	if err != nil {
		log.Fatal(err)
	}
	solver := G.NewVanillaSolver(G.WithLearnRate(0.01))
	var first, last float32
	for step := range 20 {
		graph.SetTexts([]string{"the price is too high", "call me at ten"})
		if err := graph.Run(context.Background(), machine); err != nil {
			log.Fatal(err)
		}
		if last = loss.Value().Data().(float32); step == 0 {
			first = last
		}
		if err := graph.Step(solver); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Printf("%d losses, the last below a tenth of the first: %v\n", 20, last < first/10)
	// Output: 20 losses, the last below a tenth of the first: true
}

// A logistic regression on the embeddings, of gorgonia's own operations, trained together with the encoder: its rows are
// fixed at the size of a batch, and the last, smaller batch of an epoch has rows of zeros and of no weight.
func ExampleGraph_Rows() {
	const batch = 4
	texts := []string{"we can sign it today", "sign here", "the price is too high", "too high for me", "we can sign", "high price"}
	won := []float32{1, 1, 0, 0, 1, 0}

	graph, err := small().Graph(&encoder.GraphOptions{Gradients: true})
	if err != nil {
		log.Fatal(err)
	}
	x, weights, err := graph.Rows(graph.Embeddings, batch) // [batch, width] and [batch]
	if err != nil {
		log.Fatal(err)
	}
	sign := G.NewVector(graph.ExprGraph, G.Float32, G.WithShape(batch), G.WithName("sign")) // -1 won, 1 lost
	head := G.NewMatrix(graph.ExprGraph, G.Float32, G.WithShape(x.Shape()[1], 1), G.WithName("head"), G.WithInit(G.Zeroes()))
	margin := G.Must(G.Reshape(G.Must(G.Mul(x, head)), tensor.Shape{batch}))
	losses := G.Must(G.Softplus(G.Must(G.HadamardProd(sign, margin)))) // log(1 + exp(±margin)) of each row
	loss := G.Must(G.Sum(G.Must(G.HadamardProd(losses, weights))))     // their mean over the batch
	if _, err := G.Grad(loss, append(G.Nodes{head}, graph.Trainable...)...); err != nil {
		log.Fatal(err)
	}
	machine, err := graph.Compile()
	if err != nil {
		log.Fatal(err)
	}
	solver := G.NewAdamSolver(G.WithLearnRate(0.01))
	for epoch := range 20 {
		var mean float32
		for from := 0; from < len(texts); from += batch {
			to := min(from+batch, len(texts))
			signs := make([]float32, batch)
			for i, w := range won[from:to] {
				signs[i] = 1 - 2*w
			}
			graph.SetTexts(texts[from:to])
			if err := G.Let(sign, tensor.New(tensor.WithBacking(signs))); err != nil {
				log.Fatal(err)
			}
			if err := graph.Run(context.Background(), machine); err != nil {
				log.Fatal(err)
			}
			mean += loss.Value().Data().(float32) * float32(to-from) / float32(len(texts))
			if err := graph.Step(solver, head); err != nil {
				log.Fatal(err)
			}
		}
		if epoch == 0 || epoch == 19 {
			fmt.Printf("epoch %d: below a half: %v\n", epoch, mean < 0.5)
		}
	}
	// Output:
	// epoch 0: below a half: false
	// epoch 19: below a half: true
}

// A head on the hidden states of tokens: the probability that a token is a number, for 64 tokens at most.
func ExampleGraph_Rows_tokens() {
	model := small()
	layers := model.Config().NumHiddenLayers
	graph, err := model.Graph(&encoder.GraphOptions{
		Gradients: true,
		Frozen:    func(p encoder.Parameter) bool { return p.Layer > layers }, // acts after the hidden states
	})
	if err != nil {
		log.Fatal(err)
	}
	x, weights, err := graph.Rows(graph.Hidden[layers], 64)
	if err != nil {
		log.Fatal(err)
	}
	sign := G.NewVector(graph.ExprGraph, G.Float32, G.WithShape(64), G.WithName("sign")) // -1 a number, 1 another token
	head := G.NewMatrix(graph.ExprGraph, G.Float32, G.WithShape(x.Shape()[1], 1), G.WithName("head"), G.WithInit(G.Zeroes()))
	margin := G.Must(G.Reshape(G.Must(G.Mul(x, head)), tensor.Shape{64}))
	loss := G.Must(G.Sum(G.Must(G.HadamardProd(G.Must(G.Softplus(G.Must(G.HadamardProd(sign, margin)))), weights))))
	if _, err := G.Grad(loss, append(G.Nodes{head}, graph.Trainable...)...); err != nil {
		log.Fatal(err)
	}
	machine, err := graph.Compile()
	if err != nil {
		log.Fatal(err)
	}
	solver := G.NewAdamSolver(G.WithLearnRate(0.01))
	for range 30 {
		for _, batch := range [][]string{{"call me at 10", "it is 7"}, {"one two 3 four 5"}} {
			var signs []float32
			for _, text := range batch {
				for _, span := range model.Tokenize(text).Spans {
					s := float32(1)
					if token := text[span[0]:span[1]]; strings.ContainsAny(token, "0123456789") {
						s = -1
					}
					signs = append(signs, s)
				}
			}
			graph.SetTexts(batch)
			signs = append(signs, make([]float32, 64-len(signs))...)
			if err := G.Let(sign, tensor.New(tensor.WithBacking(signs))); err != nil {
				log.Fatal(err)
			}
			if err := graph.Run(context.Background(), machine); err != nil {
				log.Fatal(err)
			}
			if err := graph.Step(solver, head); err != nil {
				log.Fatal(err)
			}
		}
	}
	margins := margin.Value().Data().([]float32) // of the last batch: [CLS] one two 3 four 5 [SEP]
	for i := range 7 {
		fmt.Print(margins[i] > 0, " ")
	}
	fmt.Println()
	// Output: false false false true false true false
}

func ExampleModel_IntegratedGradients() {
	model := load()
	prices, err := model.Encode(context.Background(), []string{"The price is too high."}, nil)
	if err != nil {
		log.Fatal(err)
	}
	// How near a text is to this one: a linear function of the text's embedding.
	near := func(_ int, embedding, grad []float32) (sum float64) {
		for j, v := range prices.RawRow(0) {
			sum += float64(v * embedding[j])
			grad[j] = v
		}
		return sum
	}
	const text = "It costs more than we like."
	all, err := model.IntegratedGradients(context.Background(), []string{text}, near, nil)
	if err != nil {
		log.Fatal(err)
	}
	a := all[0]
	best := 0
	for k, v := range a.Values {
		if v > a.Values[best] {
			best = k
		}
	}
	fmt.Printf("%.2f, masked %.2f; most of the difference by %q\n", a.Output, a.Base, text[a.Spans[best][0]:a.Spans[best][1]])
	// Output: 0.45, masked 0.03; most of the difference by "costs"
}
