package classify

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// jsonFromUBJSON rewrites Universal Binary JSON (https://ubjson.org, draft 12) as JSON. Numbers keep their values.
func jsonFromUBJSON(data []byte) ([]byte, error) {
	d := ubjson{in: data, limit: 8*len(data) + 64}
	if err := d.value(0, 0); err != nil {
		return nil, fmt.Errorf("UBJSON, byte %d: %w", len(data)-len(d.in), err)
	}
	if len(d.in) > 0 {
		return nil, fmt.Errorf("UBJSON, byte %d: more bytes after the end", len(data)-len(d.in))
	}
	return d.out, nil
}

// ubjson holds what is left to read and what has been written.
type ubjson struct {
	in, out []byte
	// limit of out: only counted arrays of nulls or booleans, which take no room in a file, could exceed it.
	limit int
}

// ubjsonDepth limits how deep arrays and objects are nested.
const ubjsonDepth = 100

var errShort = errors.New("the file ends early")

// take consumes n bytes.
func (d *ubjson) take(n int) ([]byte, error) {
	if n < 0 || n > len(d.in) {
		return nil, errShort
	}
	b := d.in[:n]
	d.in = d.in[n:]
	return b, nil
}

// marker consumes a marker, passing over no-ops.
func (d *ubjson) marker() (byte, error) {
	for {
		b, err := d.take(1)
		if err != nil {
			return 0, err
		}
		if b[0] != 'N' {
			return b[0], nil
		}
	}
}

// accept consumes the marker m if it is next.
func (d *ubjson) accept(m byte) bool {
	if len(d.in) == 0 || d.in[0] != m {
		return false
	}
	d.in = d.in[1:]
	return true
}

// value rewrites one value; kind is its marker, 0 if that still has to be read.
func (d *ubjson) value(kind byte, depth int) (err error) {
	if kind == 0 {
		if kind, err = d.marker(); err != nil {
			return err
		}
	}
	if len(d.out) > d.limit {
		return errors.New("more values than the file has room for")
	}
	switch kind {
	case 'Z':
		d.out = append(d.out, "null"...)
	case 'T':
		d.out = append(d.out, "true"...)
	case 'F':
		d.out = append(d.out, "false"...)
	case 'd', 'D':
		return d.float(kind)
	case 'S', 'H', 'C':
		return d.text(kind)
	case '[', '{':
		if depth == ubjsonDepth {
			return fmt.Errorf("nested deeper than %d", ubjsonDepth)
		}
		return d.container(kind, depth+1)
	default:
		n, err := d.integer(kind)
		d.out = strconv.AppendInt(d.out, n, 10)
		return err
	}
	return nil
}

// integer reads an integer of the given kind.
func (d *ubjson) integer(kind byte) (int64, error) {
	size := map[byte]int{'i': 1, 'U': 1, 'I': 2, 'l': 4, 'L': 8}[kind]
	if size == 0 {
		return 0, fmt.Errorf("unknown marker %q", kind)
	}
	b, err := d.take(size)
	if err != nil {
		return 0, err
	}
	switch kind {
	case 'U':
		return int64(b[0]), nil
	case 'i':
		return int64(int8(b[0])), nil
	case 'I':
		return int64(int16(binary.BigEndian.Uint16(b))), nil
	case 'l':
		return int64(int32(binary.BigEndian.Uint32(b))), nil
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// count reads a length.
func (d *ubjson) count() (int, error) {
	kind, err := d.marker()
	if err != nil {
		return 0, err
	}
	n, err := d.integer(kind)
	if err == nil && (n < 0 || n > math.MaxInt32) {
		err = fmt.Errorf("length %d", n)
	}
	return int(n), err
}

// float rewrites a number with a fraction, in the fewest digits that give it back.
func (d *ubjson) float(kind byte) error {
	width := 32
	if kind == 'D' {
		width = 64
	}
	b, err := d.take(width / 8)
	if err != nil {
		return err
	}
	v := float64(0)
	if kind == 'd' {
		v = float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	} else {
		v = math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	switch {
	case math.IsNaN(v): // the threshold of splits by category, in XGBoost 1 and 2
		d.out = append(d.out, "null"...)
		return nil
	case math.IsInf(v, 0):
		return fmt.Errorf("the number is %v", v)
	}
	d.out = strconv.AppendFloat(d.out, v, 'g', -1, width)
	return nil
}

// text rewrites a string, a character or a number of many digits (which must be one).
func (d *ubjson) text(kind byte) error {
	n := 1
	if kind != 'C' {
		var err error
		if n, err = d.count(); err != nil {
			return err
		}
	}
	b, err := d.take(n)
	if err != nil {
		return err
	}
	if kind != 'H' {
		quoted, err := json.Marshal(string(b))
		d.out = append(d.out, quoted...)
		return err
	}
	if !json.Valid(b) || b[0] != '-' && (b[0] < '0' || b[0] > '9') || b[len(b)-1] <= ' ' { // such as 00, which ParseFloat takes
		return errors.New("a number of many digits is not one in JSON's form")
	}
	d.out = append(d.out, b...)
	return nil
}

// container rewrites an array or an object: ended by a bracket, or by a count that may follow a type for all.
func (d *ubjson) container(open byte, depth int) (err error) {
	end := open + 2 // ']' follows '[' by two in ASCII, as '}' does '{'
	var kind byte
	if d.accept('$') {
		if kind, err = d.marker(); err != nil {
			return err
		}
	}
	count := -1
	if d.accept('#') {
		if count, err = d.count(); err != nil {
			return err
		}
	} else if kind != 0 {
		return errors.New("a typed array without a length")
	}
	d.out = append(d.out, open)
	for i := 0; i != count; i++ {
		if count < 0 && d.accept(end) {
			break
		}
		if i > 0 {
			d.out = append(d.out, ',')
		}
		if open == '{' {
			if err := d.text('S'); err != nil {
				return err
			}
			d.out = append(d.out, ':')
		}
		if err := d.value(kind, depth); err != nil {
			return err
		}
	}
	d.out = append(d.out, end)
	return nil
}
