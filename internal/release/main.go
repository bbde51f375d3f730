// Command release builds the commands of a module for release:
//
//	go run ./internal/release [-module DIR] [-targets LIST] OUT
//
// It writes a static binary of each command for each target, OUT/predict-linux-amd64 for example; alongside each a software bill
// of materials, OUT/predict-linux-amd64.cdx.json, in the form of CycloneDX; and the checksums of all, OUT/SHA256SUMS, as
// sha256sum -c reads them. It builds what is committed, in a clone, and the binaries of the first target twice: the second time in
// another directory with an empty build cache. Other bytes are an error.
package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	module := flag.String("module", ".", "`directory` of the module")
	targets := flag.String("targets", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64", "`list` of what to build for")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "usage: release [-module DIR] [-targets LIST] OUT\n\n",
			"It builds the commands of a module for each target, with bills of materials and checksums, and validates that\n",
			"they are static and reproducible.\n\nflags:\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := release(*module, strings.Split(*targets, ","), flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func release(module string, targets []string, out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	first, err := clone(module, filepath.Join(dir, "first"))
	if err != nil {
		return err
	}
	sums := map[string][]byte{}
	for _, target := range targets {
		binaries, err := build(first, target, out, nil)
		if err != nil {
			return err
		}
		for _, name := range binaries {
			if err := describe(filepath.Join(out, name), sums); err != nil {
				return err
			}
		}
	}
	second, err := clone(module, filepath.Join(dir, "the", "second"))
	if err != nil {
		return err
	}
	if err := rebuild(second, targets[0], dir, sums); err != nil {
		return err
	}
	var list strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&list, "%x  %s\n", sums[name], name)
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(list.String()), 0o666)
}

// clone clones the repository of a module into a directory, and returns the module's directory in it.
func clone(module, dir string) (string, error) {
	root, err := run(module, nil, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return "", err
	}
	prefix, err := run(module, nil, "git", "rev-parse", "--show-prefix")
	if err != nil {
		return "", err
	}
	_, err = run(module, nil, "git", "clone", "-q", strings.TrimSpace(root), dir)
	return filepath.Join(dir, strings.TrimSpace(prefix)), err
}

// build builds the commands of a module for a target, GOOS/GOARCH, and returns the names of the binaries.
func build(module, target, out string, env []string) (binaries []string, err error) {
	system, processor, ok := strings.Cut(target, "/")
	if !ok {
		return nil, fmt.Errorf("target %q, want one like linux/amd64", target)
	}
	env = append([]string{"CGO_ENABLED=0", "GOOS=" + system, "GOARCH=" + processor}, env...)
	list, err := run(module, env, "go", "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`, "./...")
	if err != nil {
		return nil, err
	}
	for pkg := range strings.FieldsSeq(list) {
		if !strings.Contains(pkg, "/examples/") || strings.Contains(pkg, "/internal/") {
			continue
		}
		name := path.Base(pkg) + "-" + system + "-" + processor
		if system == "windows" {
			name += ".exe"
		}
		if _, err := run(module, env, "go", "build", "-trimpath", "-buildvcs=true", "-o", filepath.Join(out, name), pkg); err != nil {
			return nil, err
		}
		fmt.Println(name)
		binaries = append(binaries, name)
	}
	return binaries, nil
}

// run runs a program in a directory and returns its standard output.
func run(dir string, env []string, name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), env...)
	var out, stderr bytes.Buffer
	c.Stdout, c.Stderr = &out, &stderr
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s", strings.Join(c.Args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out.String(), nil
}

// describe validates a binary, writes its bill of materials, and adds the checksums of both.
func describe(file string, sums map[string][]byte) (err error) {
	if err := static(file); err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return err
	}
	if sums[filepath.Base(file)], err = sum(file); err != nil {
		return err
	}
	b, err := bill(info, filepath.Base(file), sums[filepath.Base(file)])
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".cdx.json", b, 0o666); err != nil {
		return err
	}
	sums[filepath.Base(file)+".cdx.json"], err = sum(file + ".cdx.json")
	return err
}

// static validates that a binary for Linux needs no library and no loader. Those for other systems need the system's own.
func static(file string) error {
	f, err := elf.Open(file)
	if format := (*elf.FormatError)(nil); errors.As(err, &format) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	if len(libraries) > 0 || f.Section(".interp") != nil {
		return fmt.Errorf("%s is not static: %v", file, libraries)
	}
	return err
}

// sum is the SHA-256 of a file.
func sum(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}

// rebuild builds the commands for a target again, elsewhere and from nothing, and compares the bytes.
func rebuild(module, target, dir string, sums map[string][]byte) error {
	out := filepath.Join(dir, "out")
	binaries, err := build(module, target, out, []string{"GOCACHE=" + filepath.Join(dir, "cache")})
	if err != nil {
		return err
	}
	for _, name := range binaries {
		again, err := sum(filepath.Join(out, name))
		if err != nil {
			return err
		}
		if !bytes.Equal(again, sums[name]) {
			return fmt.Errorf("%s is not reproducible: %x, and %x in another directory", name, sums[name], again)
		}
	}
	return nil
}
