// Command convert makes the directory of a model with half-precision weights from a published one.
//
//	convert FROM TO
//
// FROM is a sentence-transformers directory with weights in F32. Every tensor of floats in FROM/model.safetensors is
// rounded to the nearest half, ties to even; tables of integers, which a BERT can do without, are left out. The configs
// and tokenizer.json are copied byte for byte, as far as they are there; the result has to load. The same FROM gives
// the same bytes.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/nlpodyssey/safetensors"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/internal/atomicfile"
)

// copied are the files that stay as they are.
var copied = []string{
	"modules.json", "config.json", "sentence_bert_config.json", "config_sentence_transformers.json",
	"1_Pooling/config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
}

const weights = "model.safetensors"

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: convert FROM TO")
		os.Exit(2)
	}
	if err := convert(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "convert:", err)
		os.Exit(1)
	}
}

func convert(from, to string) error {
	for _, name := range copied {
		b, err := os.ReadFile(filepath.Join(from, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		err = atomicfile.WriteFile(filepath.Join(to, name), func(w io.Writer) error {
			_, err := w.Write(b)
			return err
		})
		if err != nil {
			return err
		}
	}
	b, err := os.ReadFile(filepath.Join(from, weights))
	if err != nil {
		return err
	}
	halves, err := round(b)
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(from, weights), err)
	}
	err = atomicfile.WriteFile(filepath.Join(to, weights), func(w io.Writer) error {
		return safetensors.SerializeToWriter(halves, map[string]string{"format": "pt"}, w)
	})
	if err != nil {
		return err
	}
	_, err = encoder.Load(os.DirFS(to))
	return err
}

// round turns the F32 tensors of a safetensors file into F16 ones.
func round(file []byte) (map[string]safetensors.TensorView, error) {
	all, err := safetensors.Deserialize(file)
	if err != nil {
		return nil, err
	}
	halves := map[string]safetensors.TensorView{}
	for _, t := range all.Tensors() {
		switch t.TensorView.DType() {
		case safetensors.F32:
		case safetensors.I64:
			continue
		default:
			return nil, fmt.Errorf("tensor %q: type %v, want F32", t.Name, t.TensorView.DType())
		}
		data := t.TensorView.Data()
		out := make([]byte, 0, len(data)/2)
		for i := 0; i < len(data); i += 4 {
			x := math.Float32frombits(binary.LittleEndian.Uint32(data[i:]))
			if !(math.Abs(float64(x)) < 65520) {
				return nil, fmt.Errorf("tensor %q: element %d is %v, want a number that a half can hold", t.Name, i/4, x)
			}
			out = binary.LittleEndian.AppendUint16(out, half(x))
		}
		if halves[t.Name], err = safetensors.NewTensorView(safetensors.F16, t.TensorView.Shape(), out); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	return halves, nil
}

// half rounds x, which must be below 65520 in size, to the nearest half-precision number, ties to even.
func half(x float32) uint16 {
	bits := math.Float32bits(x)
	sign := uint16(bits >> 16 & 0x8000)
	if bits &= 1<<31 - 1; bits >= 0x38800000 { // 2^-14: a normal half
		bits += 0xfff + bits>>13&1 // round where the 13 bits that go end
		return sign | uint16((bits-0x38000000)>>13)
	}
	// The numbers below are multiples of 2^-24, which is what RoundToEven counts.
	return sign | uint16(math.RoundToEven(math.Ldexp(float64(math.Float32frombits(bits)), 24)))
}
