package matrix

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// float32Rows keeps float32 rows, as embeddings do.
type float32Rows struct{ mat.Matrix }

func (m float32Rows) RawRow(i int) []float32 {
	_, d := m.Dims()
	row := make([]float32, d)
	for j := range row {
		row[j] = float32(m.At(i, j))
	}
	return row
}

// foreign is a sparse matrix of another package, whose values come in no order.
type foreign struct{ mat.Matrix }

func (m foreign) DoRowNonZero(i int, fn func(i, j int, v float64)) {
	_, d := m.Dims()
	for j := d - 1; j >= 0; j-- {
		if v := m.At(i, j); v != 0 {
			fn(i, j, v)
		}
	}
}

// plain hides all but mat.Matrix.
type plain struct{ mat.Matrix }

// random is a matrix of small whole numbers, half of them 0.
func random(n, d int) *mat.Dense {
	r := rand.New(rand.NewPCG(1, uint64(n*d)))
	x := mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			if r.IntN(2) == 0 {
				x.Set(i, j, float64(r.IntN(9)-4))
			}
		}
	}
	return x
}

func sparseOf(t *testing.T, x mat.Matrix) *Sparse {
	t.Helper()
	s, ok := AsSparse(foreign{x})
	if !ok {
		t.Fatal("not sparse")
	}
	return s
}

// Every kind of matrix, and every view of one, has the values of the dense one, by At and by rows of both kinds.
func TestRowsOfEveryKind(t *testing.T) {
	x := random(7, 5)
	left, right := mat.DenseCopyOf(x.Slice(0, 7, 0, 2)), mat.DenseCopyOf(x.Slice(0, 7, 2, 5))
	joined, err := Join(sparseOf(t, left), right)
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]mat.Matrix{
		"dense": x, "plain": plain{plain{x}}, "float32": float32Rows{plain{x}}, "foreign": foreign{plain{x}}, "sparse": sparseOf(t, x), "joined": joined,
	} {
		same(t, name, m, x)
		index := []int{6, 0, 0, 3}
		picked := mat.NewDense(len(index), 5, nil)
		for k, i := range index {
			picked.SetRow(k, x.RawRowView(i))
		}
		same(t, name+", selected", Select(m, index), picked)
		same(t, name+", selected twice", Select(Select(m, index), []int{1}), x.Slice(0, 1, 0, 5))
		same(t, name+", columns", Columns(m, 1, 4), x.Slice(0, 7, 1, 4))
		same(t, name+", selected columns", Columns(Select(m, index), 2, 5), picked.Slice(0, 4, 2, 5))
	}
	if Columns(joined, 2, 5) != mat.Matrix(right) {
		t.Error("the columns of a part are not that part")
	}
}

func same(t *testing.T, name string, got, want mat.Matrix) {
	t.Helper()
	n, d := want.Dims()
	if a, b := got.Dims(); a != n || b != d {
		t.Fatalf("%s: %d × %d, want %d × %d", name, a, b, n, d)
	}
	rows, buf, buf32 := Of(got), make([]float64, d), make([]float32, d)
	for i := range n {
		row, row32 := rows.Row(i, buf), rows.Row32(i, buf32)
		for j := range d {
			if v := want.At(i, j); got.At(i, j) != v || row[j] != v || float64(row32[j]) != v || got.T().At(j, i) != v {
				t.Fatalf("%s: [%d, %d] is %v, %v by row, %v by float32 row, want %v", name, i, j, got.At(i, j), row[j], row32[j], v)
			}
		}
	}
}

func TestSparse(t *testing.T) {
	x := random(6, 8)
	s := sparseOf(t, x)
	same(t, "transposed", s.Transposed(), x.T())
	u := make([]float64, 8)
	for j := range u {
		u[j] = float64(j) - 2
	}
	for i := range 6 {
		if got, want := s.Dot(i, u), mat.Dot(x.RowView(i), mat.NewVecDense(8, u)); got != want {
			t.Errorf("row %d: product %v, want %v", i, got, want)
		}
		index, _ := s.NonZero(i)
		if !slices.IsSorted(index) {
			t.Errorf("row %d: columns %v", i, index)
		}
	}
	if _, ok := AsSparse(x); ok {
		t.Error("a dense matrix is sparse")
	}
	for _, bad := range []struct {
		index []int
		value []float64
	}{{[]int{1, 1}, []float64{1, 2}}, {[]int{8}, []float64{1}}, {[]int{-1}, []float64{1}}, {[]int{1}, nil}} {
		if err := s.Append(bad.index, bad.value); err == nil {
			t.Errorf("columns %v and values %v make a row", bad.index, bad.value)
		}
	}
	if n, _ := s.Dims(); n != 6 {
		t.Errorf("%d rows after rows that were refused", n)
	}
}

func TestJoinRefuses(t *testing.T) {
	for _, parts := range [][]mat.Matrix{nil, {nil}, {random(2, 2), random(3, 2)}, {random(2, 2), nil}} {
		if _, err := Join(parts...); err == nil {
			t.Errorf("%v joined", parts)
		}
	}
}

// raw32 and raw64 are matrices whose rows may be of any length.
type raw32 struct {
	mat.Matrix
	rows [][]float32
}

func (m raw32) RawRow(i int) []float32 { return m.rows[i] }

type raw64 struct {
	mat.Matrix
	rows [][]float64
}

func (m raw64) RawRowView(i int) []float64 { return m.rows[i] }

func TestRagged(t *testing.T) {
	x := mat.NewDense(3, 2, nil)
	of32, of64 := raw32{x, [][]float32{{1, 2}, {3, 4}, {5}}}, raw64{x, [][]float64{{1, 2}, {3, 4, 5}, {6, 7}}}
	for name, m := range map[string]mat.Matrix{"row 2 has 1 values, want 2": of32, "row 1 has 3 values, want 2": of64, "row 0 has 1 values": Select(of32, []int{2, 0})} {
		if err := Ragged(m); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %s", err, name)
		}
		if _, err := Join(x, m); err == nil {
			t.Errorf("joined where %s", name)
		}
	}
	for _, m := range []mat.Matrix{x, x.T(), plain{x}, Select(of32, []int{1, 0}), Select(x, []int{1}), sparseOf(t, x), float32Rows{x}} {
		if err := Ragged(m); err != nil {
			t.Error(err)
		}
	}
}

func TestNotFinite(t *testing.T) {
	for _, c := range []struct {
		row     []float64
		missing bool
		want    int
	}{
		{[]float64{1, -2, math.MaxFloat64}, false, -1}, {nil, false, -1},
		{[]float64{1, math.NaN()}, false, 1}, {[]float64{1, math.NaN()}, true, -1},
		{[]float64{math.NaN(), math.Inf(-1)}, true, 1},
	} {
		if got := NotFinite(c.row, c.missing); got != c.want {
			t.Errorf("%v, missing values allowed %t: %d, want %d", c.row, c.missing, got, c.want)
		}
	}
}
