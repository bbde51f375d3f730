package encoder

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nlpodyssey/safetensors"

	"github.com/org/salesconv/internal/kernel"
)

// maxHeaderSize bounds the JSON before the tensors; the largest BERT's takes 50 KB.
const maxHeaderSize = 4 << 20

// checkpoint is an open safetensors file: eight bytes with the length of the header, the header in JSON (for each
// tensor its type, shape and place), then the tensors. Names are given and asked for without the "bert." that some
// models put before them.
type checkpoint struct {
	file    string
	r       io.ReaderAt
	close   func() error
	start   int64 // of the tensors
	prefix  string
	tensors map[string]*safetensors.TensorInfo
}

// openCheckpoint reads and checks the header. The tensors stay in the file until they are read, so that a model is
// never in memory twice.
func openCheckpoint(fsys fs.FS, name string) (*checkpoint, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, missing(fsys, name, err)
	}
	c := &checkpoint{file: name, close: f.Close}
	info, err := f.Stat()
	if err == nil {
		err = c.readHeader(f, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("encoder: %s: %w", name, err)
	}
	return c, nil
}

// missing names what a directory has instead of the weights that can be read.
func missing(fsys fs.FS, name string, err error) error {
	for _, other := range []string{"pytorch_model.bin", "pytorch_model.bin.index.json", "model.safetensors.index.json", "tf_model.h5", "adapter_model.safetensors"} {
		other = path.Join(path.Dir(name), other)
		if _, err := fs.Stat(fsys, other); err == nil {
			return fmt.Errorf("encoder: %s: weights in this format are not supported: save them as one %s", other, name)
		}
	}
	return fmt.Errorf("encoder: %w: want the weights in safetensors format", err)
}

func (c *checkpoint) readHeader(f fs.File, size int64) error {
	r, ok := f.(io.ReaderAt)
	if !ok {
		b, err := io.ReadAll(f)
		if err != nil {
			return err
		}
		r, size = bytes.NewReader(b), int64(len(b))
	}
	var length [8]byte
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return fmt.Errorf("%d bytes, want a safetensors file", size)
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeaderSize || int64(n) > size-8 {
		return fmt.Errorf("header of %d bytes in a file of %d, want at most %d: not a safetensors file, or cut short", n, size, maxHeaderSize)
	}
	header := make([]byte, n)
	if _, err := r.ReadAt(header, 8); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if !utf8.Valid(header) {
		return fmt.Errorf("header is not valid UTF-8")
	}
	var meta safetensors.Metadata
	if err := json.Unmarshal(header, &meta); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	c.r, c.start, c.tensors = r, 8+int64(n), meta.Tensors()
	if err := c.checkPlaces(uint64(size - c.start)); err != nil {
		return err
	}
	if _, ok := c.tensors["bert.embeddings.word_embeddings.weight"]; ok {
		c.prefix = "bert."
	}
	return nil
}

// checkPlaces makes sure that the tensors fill the file, end to end.
func (c *checkpoint) checkPlaces(size uint64) error {
	names := make([]string, 0, len(c.tensors))
	for name := range c.tensors {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		p, q := c.tensors[a].DataOffsets, c.tensors[b].DataOffsets
		return cmp.Or(cmp.Compare(p[0], q[0]), cmp.Compare(p[1], q[1]), strings.Compare(a, b))
	})
	var end uint64
	for _, name := range names {
		at := c.tensors[name].DataOffsets
		if at[0] != end || at[1] < at[0] {
			return fmt.Errorf("tensor %q: bytes %d to %d, want a start at %d", name, at[0], at[1], end)
		}
		end = at[1]
	}
	if end != size {
		return fmt.Errorf("%d bytes of tensors, want %d: cut short or damaged", size, end)
	}
	return nil
}

// names lists the tensors in alphabetical order.
func (c *checkpoint) names() []string {
	names := make([]string, 0, len(c.tensors))
	for name := range c.tensors {
		names = append(names, strings.TrimPrefix(name, c.prefix))
	}
	slices.Sort(names)
	return names
}

func (c *checkpoint) has(name string) bool { return c.tensors[c.prefix+name] != nil }

// check returns an error unless a tensor is there, of that shape and of a type that can be read.
func (c *checkpoint) check(name string, shape []int) error {
	info := c.tensors[c.prefix+name]
	if info == nil {
		return fmt.Errorf("encoder: %s: tensor %q is missing, want shape %v", c.file, name, shape)
	}
	elements := uint64(1)
	same := len(info.Shape) == len(shape)
	for i, n := range shape {
		same = same && info.Shape[i] == uint64(n)
		elements *= uint64(n)
	}
	if !same {
		return fmt.Errorf("encoder: %s: tensor %q: shape %d, want %d", c.file, name, info.Shape, shape)
	}
	if t := info.DType; t != safetensors.F32 && t != safetensors.F16 && t != safetensors.BF16 {
		return fmt.Errorf("encoder: %s: tensor %q: type %v, want F32, F16 or BF16", c.file, name, t)
	}
	if n := info.DataOffsets[1] - info.DataOffsets[0]; n != elements*info.DType.Size() {
		return fmt.Errorf("encoder: %s: tensor %q: %d bytes, want %d", c.file, name, n, elements*info.DType.Size())
	}
	return nil
}

// read decodes a tensor that passed check into dst.
func (c *checkpoint) read(name string, dst []float32) error {
	info := c.tensors[c.prefix+name]
	var buffer [1 << 16]byte
	at := c.start + int64(info.DataOffsets[0])
	step := len(buffer) / int(info.DType.Size())
	for done := 0; done < len(dst); done += step {
		d := dst[done:min(done+step, len(dst))]
		b := buffer[:len(d)*int(info.DType.Size())]
		if n, err := c.r.ReadAt(b, at); n < len(b) {
			return fmt.Errorf("encoder: %s: tensor %q: %w", c.file, name, err)
		}
		at += int64(len(b))
		switch info.DType {
		case safetensors.F16:
			kernel.HalfToFloat32(b, d)
		case safetensors.BF16:
			kernel.BFloat16ToFloat32(b, d)
		default:
			for i := range d {
				d[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
			}
		}
		for i, v := range d {
			if v-v != 0 { // NaN or an infinity
				return fmt.Errorf("encoder: %s: tensor %q: element %d is %v, want finite numbers", c.file, name, done+i, v)
			}
		}
	}
	return nil
}

// view presents float32 numbers as a tensor to write; its bytes are made when they are asked for.
type view struct {
	shape []int
	data  []float32
}

func (v view) DType() safetensors.DType { return safetensors.F32 }
func (v view) DataLen() uint64          { return 4 * uint64(len(v.data)) }

func (v view) Shape() []uint64 {
	s := make([]uint64, len(v.shape))
	for i, n := range v.shape {
		s[i] = uint64(n)
	}
	return s
}

func (v view) Data() []byte {
	b := make([]byte, 0, 4*len(v.data))
	for _, x := range v.data {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// writeCheckpoint writes parameters under the names and in the parts that their layouts say, as F32.
func writeCheckpoint(w io.Writer, layouts []layout, parameters []Parameter) error {
	views := map[string]view{}
	for i := range layouts {
		l, data := &layouts[i], parameters[i].Value.Data().([]float32)
		size := len(data) / len(l.parts)
		for j, name := range l.parts {
			views[name] = view{l.partShape(), data[j*size : (j+1)*size]}
		}
	}
	return safetensors.SerializeToWriter(views, map[string]string{"format": "pt"}, w)
}
