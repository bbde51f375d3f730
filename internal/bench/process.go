package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// request is a line to a system: what to do, and with what.
type request struct {
	Do        string      `json:"do"`
	Name      string      `json:"name,omitempty"`      // of a set of texts or documents
	Texts     []string    `json:"texts,omitempty"`     // for "texts"
	Documents [][]string  `json:"documents,omitempty"` // for "calls"
	Times     int         `json:"times,omitempty"`     // for "one"
	Threads   int         `json:"threads,omitempty"`   // for "encode", ours alone: 0 is all
	Int8      bool        `json:"int8,omitempty"`      // for "encode" and "embed", ours alone
	Rows      [][]float64 `json:"rows,omitempty"`      // for "rows"
	Labels    []int       `json:"labels,omitempty"`
}

// answer is a line from a system.
type answer struct {
	Seconds float64     `json:"seconds"`
	Tokens  int         `json:"tokens"`
	Bytes   int         `json:"bytes"`
	Rows    [][]float64 `json:"rows"`
	Error   string      `json:"error"`
}

// process is a system.
type process struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// start starts a system without waiting until it is ready. It is killed when ctx ends.
func start(ctx context.Context, name string, env []string, command ...string) (*process, error) {
	p := &process{name: name, cmd: exec.CommandContext(ctx, command[0], command[1:]...)}
	p.cmd.Env = env
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if os.Getenv("SALESCONV_BENCH_VERBOSE") != "" {
		p.cmd.Stderr = os.Stderr
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// ask sends a request and waits for the answer.
func (p *process) ask(r request) (answer, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return answer{}, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return answer{}, fmt.Errorf("%s: %s: %w", p.name, r.Do, err)
	}
	return p.read(r.Do)
}

func (p *process) read(what string) (a answer, err error) {
	line, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &a)
	}
	if err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	if err != nil {
		return a, fmt.Errorf("%s: %s: %w", p.name, what, err)
	}
	return a, nil
}

// close ends the process.
func (p *process) close() {
	p.in.Close()
	p.cmd.Wait() // how it ended says nothing about what it measured
}

// referenceEnv is the environment of the references: threads, no network, and none of the settings that bind a library to
// another processor than this one.
func referenceEnv(threads int) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "OPENBLAS_") && !strings.HasPrefix(v, "MKL_") {
			env = append(env, v)
		}
	}
	return append(env, fmt.Sprintf("OMP_NUM_THREADS=%d", threads), fmt.Sprintf("RAYON_NUM_THREADS=%d", threads),
		"HF_HUB_OFFLINE=1", "TRANSFORMERS_OFFLINE=1")
}
