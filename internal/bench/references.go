package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed references
var referenceFiles embed.FS

// references knows where the Python side is.
type references struct {
	python  string // interpreter of the virtual environment
	scripts string // directory of the scripts
	model   string // directory of the model
	graph   string // the ONNX file
	threads int
}

// newReferences installs the references, unless they are there, and writes their scripts to a directory.
func newReferences(ctx context.Context, work, model string, threads int) (*references, error) {
	dir := os.Getenv("SALESCONV_REFERENCES")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("set SALESCONV_REFERENCES to a directory for the references: %w", err)
		}
		dir = filepath.Join(cache, "salesconv", "references")
	}
	p := &references{filepath.Join(dir, "bin", "python"), filepath.Join(work, "references"), model, filepath.Join(work, "model.onnx"), threads}
	if err := os.CopyFS(work, referenceFiles); err != nil {
		return nil, err
	}
	if _, err := os.Stat(p.python); err == nil {
		return p, nil
	}
	fmt.Fprintf(os.Stderr, "bench: installing the references into %s\n", dir)
	requirements := filepath.Join(p.scripts, "requirements.txt")
	for _, command := range [][]string{{"python3", "-m", "venv", dir}, {p.python, "-m", "pip", "install", "-r", requirements}} {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("installing the references into %s: %s: %w", dir, command[0], err)
		}
	}
	return p, nil
}

// The systems, each in a fresh process.

// starters are the systems that encode, each at the settings that it is fastest with, or train.
func (p *references) starters() (all []starter) {
	add := func(trains, encodes, plain bool, name, file string, args ...string) {
		start := func(ctx context.Context) (*process, error) { return p.script(ctx, name, file, p.threads, args...) }
		all = append(all, starter{name, start, trains, encodes, plain})
	}
	add(true, true, true, "sentence-transformers", "torch_reference.py", "float32")
	add(true, false, false, "sentence-transformers, bf16 autocast", "torch_reference.py", "bfloat16")
	add(false, true, true, "ONNX Runtime", "onnx_reference.py", p.graph, "float32")
	add(false, true, false, "ONNX Runtime, int8", "onnx_reference.py", p.graph, "int8")
	for _, precision := range []string{"f32", "bf16", "int8"} {
		for _, hint := range []string{"LATENCY", "THROUGHPUT"} {
			name := fmt.Sprintf("OpenVINO, %s, %s", precision, strings.ToLower(hint))
			add(false, true, precision == "f32" && hint == "LATENCY", name, "openvino_reference.py", p.graph, precision, hint)
		}
	}
	return all
}

func (p *references) tokenizers(ctx context.Context) (*process, error) {
	return p.script(ctx, "tokenizers (Rust)", "tokenizers_reference.py", 1)
}

func (p *references) learners(ctx context.Context) (*process, error) {
	return p.script(ctx, "learners", "learn_reference.py", p.threads)
}

func (p *references) script(ctx context.Context, name, file string, threads int, args ...string) (*process, error) {
	command := append([]string{p.python, filepath.Join(p.scripts, file), p.model, fmt.Sprint(threads)}, args...)
	return start(ctx, name, referenceEnv(threads), command...)
}

const ourName = "ours"

// ours starts this program as a system over the model in a directory, or the embedded one for "".
func ours(ctx context.Context, model string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(ctx, ourName, os.Environ(), self, "-serve", "-model", model)
}
