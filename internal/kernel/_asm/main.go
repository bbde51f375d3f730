// Command _asm writes the assembly of package kernel, for amd64 and arm64, and its Go declarations:
//
//	go generate ./internal/kernel
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	log.SetFlags(0)
	files := []struct {
		name     string
		generate func(*isa)
	}{
		{"gemm", gemm},
		{"elementwise", elementwise},
		{"softmax", softmax},
		{"layernorm", layerNorm},
		{"vector", vector},
		{"int8", int8s},
		{"forest", forest},
		{"cuts", cuts},
		{"attract", attract},
		{"fft", fft},
		{"attend", attend},
		{"amx", amx},
	}
	for _, f := range files {
		ctx := build.NewContext()
		ctx.ConstraintExpr("!purego")
		pool := &constants{Context: ctx}
		f.generate(&isa{constants: pool, name: "AVX512", lanes: 16})
		f.generate(&isa{constants: pool, name: "AVX2", lanes: 8})
		if err := write(ctx, filepath.Join("..", f.name+"_amd64")); err != nil {
			log.Fatalf("%s: %v", f.name, err)
		}
	}
	a := new(arm)
	neon(a)
	if err := a.write(filepath.Join("..", "neon_arm64")); err != nil {
		log.Fatal(err)
	}
}

// write compiles what ctx holds to base.s and base.go.
func write(ctx *build.Context, base string) error {
	file, err := ctx.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	encode(file)
	config := printer.Config{Name: "avo", Argv: []string{"go", "generate"}, Pkg: "kernel"}
	for suffix, p := range map[string]printer.Printer{".s": printer.NewGoAsm(config), ".go": printer.NewStubs(config)} {
		text, err := p.Print(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(base+suffix, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
