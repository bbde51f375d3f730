package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed peers
var peerFiles embed.FS

// peers knows where the Python side is.
type peers struct {
	python  string // interpreter of the virtual environment
	scripts string // folder of the scripts
	model   string // folder of the model
	graph   string // the ONNX file
	threads int
}

// newPeers installs the peers, unless they are there, and writes their scripts to a folder.
func newPeers(ctx context.Context, work, model string, threads int) (*peers, error) {
	dir := os.Getenv("SALESCONV_PEERS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("set SALESCONV_PEERS to a folder for the peers: %w", err)
		}
		dir = filepath.Join(cache, "salesconv", "peers")
	}
	p := &peers{filepath.Join(dir, "bin", "python"), filepath.Join(work, "peers"), model, filepath.Join(work, "model.onnx"), threads}
	if err := os.CopyFS(work, peerFiles); err != nil {
		return nil, err
	}
	if _, err := os.Stat(p.python); err == nil {
		return p, nil
	}
	fmt.Fprintf(os.Stderr, "bench: installing the peers into %s\n", dir)
	requirements := filepath.Join(p.scripts, "requirements.txt")
	for _, command := range [][]string{{"python3", "-m", "venv", dir}, {p.python, "-m", "pip", "install", "-r", requirements}} {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("installing the peers into %s: %s: %w", dir, command[0], err)
		}
	}
	return p, nil
}

// The contenders, each in a fresh process.

func (p *peers) torch(ctx context.Context) (*process, error) {
	return p.script(ctx, "sentence-transformers", "torch_peer.py", p.threads)
}

func (p *peers) onnx(ctx context.Context) (*process, error) {
	return p.script(ctx, "ONNX Runtime", "onnx_peer.py", p.threads, p.graph)
}

func (p *peers) tokenizers(ctx context.Context) (*process, error) {
	return p.script(ctx, "tokenizers (Rust)", "tokenizers_peer.py", 1)
}

func (p *peers) learners(ctx context.Context) (*process, error) {
	return p.script(ctx, "scikit-learn, XGBoost, openTSNE", "learn_peer.py", p.threads)
}

func (p *peers) script(ctx context.Context, name, file string, threads int, args ...string) (*process, error) {
	command := append([]string{p.python, filepath.Join(p.scripts, file), p.model, fmt.Sprint(threads)}, args...)
	return start(ctx, name, peerEnv(threads), command...)
}

// ours starts this program as a contender over the model in a folder, or the embedded one for "".
func ours(ctx context.Context, model string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return start(ctx, "ours", os.Environ(), self, "-serve", "-model", model)
}
