package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
)

// arm writes NEON functions. avo knows amd64 alone, and Go's assembler for arm64 lacks most vector arithmetic on floating-point
// numbers, so instructions are written as words, with what they mean in a comment.
type arm struct {
	code, declarations bytes.Buffer

	constants [][4]uint32
	free      []vreg
	labels    int
	frame     map[string]int // offsets of parameters
	size      int            // of the parameters
}

// vreg is a vector register of four float32.
type vreg int

// begin starts a function. Parameters are "name kind", kind one of slice, pointer, int, uint32 and float; results
// are written as in Go.
func (a *arm) begin(name, doc string, params []string, results ...string) {
	a.frame, a.size, a.labels = map[string]int{}, 0, 0
	a.free = nil
	for v := vreg(31); v >= 0; v-- {
		a.free = append(a.free, v)
	}
	var goParams, goResults []string
	place := func(p string, size int) {
		a.size = (a.size + size - 1) / size * size
		a.frame[p] = a.size
		a.size += size
	}
	for _, p := range params {
		n, kind, _ := strings.Cut(p, " ")
		goType := map[string]string{"slice": "[]float32", "pointer": "*float32", "int": "int", "float": "float32", "uint32": "uint32"}[kind]
		switch kind {
		case "slice":
			place(n+"_base", 8)
			place(n+"_len", 8)
			place(n+"_cap", 8)
		case "float", "uint32":
			place(n, 4)
		default:
			place(n, 8)
		}
		goParams = append(goParams, n+" "+goType)
	}
	if len(results) > 0 {
		a.size = (a.size + 7) / 8 * 8
	}
	for _, r := range results {
		n, kind, _ := strings.Cut(r, " ")
		place(n, map[string]int{"float32": 4, "float64": 8}[kind])
		goResults = append(goResults, r)
	}
	declaration := fmt.Sprintf("func %s(%s)", name, strings.Join(goParams, ", "))
	if len(goResults) > 0 {
		declaration += " (" + strings.Join(goResults, ", ") + ")"
	}
	fmt.Fprintf(&a.declarations, "\n// %s %s\n//\n//go:noescape\n%s\n", name, doc, declaration)
	fmt.Fprintf(&a.code, "\n// %s\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", declaration, name, a.size)
	a.line("MOVD $constants<>(SB), R20")
}

func (a *arm) line(format string, args ...any) { fmt.Fprintf(&a.code, "\t"+format+"\n", args...) }

// param loads an integer or a pointer into a general register.
func (a *arm) param(name, register string) {
	a.line("MOVD %s+%d(FP), %s", name, a.frame[name], register)
}

// stride loads a distance in elements as one in bytes.
func (a *arm) stride(name, register string) {
	a.param(name, register)
	a.line("LSL $2, %s, %s", register, register)
}

// float loads a float32 parameter into all lanes.
func (a *arm) float(name string) vreg {
	v := a.reg()
	a.line("FMOVS %s+%d(FP), F%d", name, a.frame[name], v)
	a.word(0x4E040400|uint32(v)<<5|uint32(v), "DUP V%d.4S, V%d.S[0]", v, v)
	return v
}

// integer loads a uint32 parameter into all lanes.
func (a *arm) integer(name string) vreg {
	v := a.reg()
	a.line("MOVWU %s+%d(FP), R19", name, a.frame[name])
	a.word(0x4E040C00|19<<5|uint32(v), "DUP V%d.4S, W19", v)
	return v
}

// store returns lane 0 of v as a result.
func (a *arm) store(v vreg, name string) { a.line("FMOVS F%d, %s+%d(FP)", v, name, a.frame[name]) }

func (a *arm) reg() vreg {
	v := a.free[len(a.free)-1]
	a.free = a.free[:len(a.free)-1]
	return v
}

func (a *arm) regs(n int) []vreg {
	v := make([]vreg, n)
	for i := range v {
		v[i] = a.reg()
	}
	return v
}

func (a *arm) release(v ...vreg) { a.free = append(a.free, v...) }

func (a *arm) word(code uint32, format string, args ...any) {
	a.line("WORD $0x%08x // %s", code, fmt.Sprintf(format, args...))
}

// Instructions on three and on two registers.
var opcodes = map[string]uint32{
	"FADD": 0x4E20D400, "FSUB": 0x4EA0D400, "FMUL": 0x6E20DC00, "FDIV": 0x6E20FC00, "FMAX": 0x4E20F400, "FMIN": 0x4EA0F400,
	"FMLA": 0x4E20CC00, "FMLS": 0x4EA0CC00, "FADDP": 0x6E20D400, "FMAXP": 0x6E20F400, "FCMGT": 0x6EA0E400,
	"ADD": 0x4EA08400, "SUB": 0x6EA08400, "MUL": 0x4EA09C00, "EOR": 0x6E201C00, "CMHS": 0x6EA03C00, "AND": 0x4E201C00, "ORR": 0x4EA01C00, "BSL": 0x6E601C00,
	"FSQRT": 0x6EA1F800, "FABS": 0x4EA0F800, "FRINTN": 0x4E218800, "FCVTNS": 0x4E21A800, "FCMLT0": 0x4EA0E800,
}

func (a *arm) op3(name string, d, n, m vreg) {
	a.word(opcodes[name]|uint32(m)<<16|uint32(n)<<5|uint32(d), "%s V%d.4S, V%d.4S, V%d.4S", name, d, n, m)
}

func (a *arm) op2(name string, d, n vreg) {
	a.word(opcodes[name]|uint32(n)<<5|uint32(d), "%s V%d.4S, V%d.4S", name, d, n)
}

// new3 is op3 into a new register.
func (a *arm) new3(name string, n, m vreg) vreg {
	d := a.reg()
	a.op3(name, d, n, m)
	return d
}

func (a *arm) zero() vreg {
	v := a.reg()
	a.word(0x6F00E400|uint32(v), "MOVI V%d.2D, #0", v)
	return v
}

func (a *arm) copy(n vreg) vreg {
	d := a.reg()
	a.op3("ORR", d, n, n)
	return d
}

func (a *arm) shiftLeft(d, n vreg, by uint32) {
	a.word(0x4F005400|(32+by)<<16|uint32(n)<<5|uint32(d), "SHL V%d.4S, V%d.4S, #%d", d, n, by)
}

func (a *arm) shiftRightSigned(d, n vreg, by uint32) {
	a.word(0x4F000400|(64-by)<<16|uint32(n)<<5|uint32(d), "SSHR V%d.4S, V%d.4S, #%d", d, n, by)
}

func (a *arm) shiftRight(d, n vreg, by uint32) {
	a.word(0x6F000400|(64-by)<<16|uint32(n)<<5|uint32(d), "USHR V%d.4S, V%d.4S, #%d", d, n, by)
}

// vector, bits and f load a constant, the latter into all lanes.
func (a *arm) vector(words ...uint32) vreg {
	w := [4]uint32(words)
	i := slices.Index(a.constants, w)
	if i < 0 {
		i = len(a.constants)
		a.constants = append(a.constants, w)
	}
	v := a.reg()
	a.line("FMOVQ %d(R20), F%d", 16*i, v)
	return v
}

func (a *arm) bits(w uint32) vreg { return a.vector(w, w, w, w) }

func (a *arm) f(x float64) vreg { return a.bits(math.Float32bits(float32(x))) }

// withBits and with call op on a constant.
func (a *arm) withBits(w uint32, op func(c vreg)) {
	c := a.bits(w)
	op(c)
	a.release(c)
}

func (a *arm) with(x float64, op func(c vreg)) { a.withBits(math.Float32bits(float32(x)), op) }

func (a *arm) load(register string) vreg {
	v := a.reg()
	a.line("VLD1 (%s), [V%d.S4]", register, v)
	return v
}

func (a *arm) save(v vreg, register string) { a.line("VST1 [V%d.S4], (%s)", v, register) }

// reduce combines the lanes of v pairwise and leaves the result in all of them.
func (a *arm) reduce(pairwise string, v vreg) {
	a.op3(pairwise, v, v, v)
	a.op3(pairwise, v, v, v)
}

// each writes a loop over whole vectors, as many as count, an integer or the length of a slice, has room for.
func (a *arm) each(count string, pointers []string, body func()) {
	a.labels++
	loop, done := fmt.Sprintf("loop%d", a.labels), fmt.Sprintf("done%d", a.labels)
	a.param(count, "R19")
	a.line("LSR $2, R19, R19")
	a.line("CBZ R19, %s", done)
	fmt.Fprintf(&a.code, "%s:\n", loop)
	body()
	for _, p := range pointers {
		a.line("ADD $16, %s, %s", p, p)
	}
	a.line("SUBS $1, R19, R19")
	a.line("BNE %s", loop)
	fmt.Fprintf(&a.code, "%s:\n", done)
}

func (a *arm) end() { a.line("RET") }

// write writes base.s and base.go.
func (a *arm) write(base string) error {
	var s bytes.Buffer
	const header = "// Code generated by command: go generate. DO NOT EDIT.\n\n//go:build !purego\n\n"
	s.WriteString(header + "#include \"textflag.h\"\n\n")
	for i, w := range a.constants {
		fmt.Fprintf(&s, "DATA constants<>+%d(SB)/8, $0x%08x%08x\n", 16*i, w[1], w[0])
		fmt.Fprintf(&s, "DATA constants<>+%d(SB)/8, $0x%08x%08x\n", 16*i+8, w[3], w[2])
	}
	fmt.Fprintf(&s, "GLOBL constants<>(SB), RODATA|NOPTR, $%d\n", 16*len(a.constants))
	s.Write(a.code.Bytes())
	if err := os.WriteFile(base+".s", s.Bytes(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(base+".go", append([]byte(header+"package kernel\n"), a.declarations.Bytes()...), 0o644)
}
