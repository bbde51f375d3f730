package readme

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/salesconv/examples/internal/store"
	"github.com/org/salesconv/transcript"
)

const root = "../../.."

// commands are the commands of this module, by their binaries.
func commands(t *testing.T) map[string]string {
	t.Helper()
	mains, err := filepath.Glob(root + "/examples/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	dir := t.TempDir()
	for _, main := range mains {
		if _, err := os.Stat(filepath.Dir(main) + "/go.mod"); err == nil {
			continue // a module of its own
		}
		all[filepath.Base(filepath.Dir(main))] = ""
	}
	build := exec.Command("go", "build", "-o", dir+"/")
	for name := range all {
		build.Args = append(build.Args, "./examples/"+name)
		all[name] = filepath.Join(dir, name)
	}
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return all
}

// command is a line of a README that runs a command, without its comment.
var command = regexp.MustCompile(`(?m)^\s*go run \./examples/(\w+)([^#\n]*)`)

// flagged is a flag in a text, or in what -h prints.
var flagged = regexp.MustCompile(`(?:^|[\s\[(])-([a-z][a-z_-]*)`)

// Every command of the READMEs runs with calls of the kind that it is for, its flags are those that -h lists, and the manual of
// each command names every flag.
func TestCommands(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs every command")
	}
	binaries := commands(t)
	help := map[string][]string{}
	for name, binary := range binaries {
		help[name] = flags(t, root+"/examples/"+name+"/main.go", binary)
	}
	text, err := os.ReadFile(root + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	prepare(t, dir)
	lines := command.FindAllStringSubmatch(string(text), -1)
	if len(lines) < 8 {
		t.Errorf("%d commands in the README", len(lines))
	}
	for _, line := range lines {
		name, args := line[1], line[2]
		for _, f := range flagged.FindAllStringSubmatch(args, -1) {
			if !slices.Contains(help[name], f[1]) {
				t.Errorf("%s has no flag -%s, which the README gives it", name, f[1])
			}
		}
		switch name {
		case "":
		case "finetune": // on few calls, by a small encoder
			models, err := filepath.Abs(root + "/encoder/testdata/models/mean12")
			if err != nil {
				t.Fatal(err)
			}
			args += " -epochs 1 -data data.jsonl -model " + models
		case "retrain":
			args += " -frozen"
		case "serve":
			continue // until it is stopped: its own tests run it
		}
		c := exec.CommandContext(t.Context(), "sh", "-c", binaries[name]+strings.ReplaceAll(args, "FILE", "data.jsonl"))
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s%s: %v\n%s", name, args, err, out)
		}
	}
	for _, file := range []string{"out/models/predictor.json", "calls.html", "map.html", "map.jsonl"} {
		if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Size() == 0 {
			t.Errorf("%s is not there, or empty: %v", file, err)
		}
	}
}

// flags are those that -h lists, each of which has to be in the comment of the package and to have a description.
func flags(t *testing.T, source, binary string) (names []string) {
	t.Helper()
	out, err := exec.Command(binary, "-h").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "[") {
		t.Errorf("%s -h: %v\n%s", binary, err, out)
	}
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	manual, _, _ := strings.Cut(string(text), "\npackage main")
	lines := strings.Split(string(out), "\n")
	for i, line := range lines {
		name, ok := strings.CutPrefix(line, "  -")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, " ")
		name, described, short := strings.Cut(name, "\t")
		if names = append(names, name); !short && i+1 < len(lines) {
			described = strings.TrimSpace(lines[i+1])
		}
		if described == "" {
			t.Errorf("%s -h does not describe -%s", binary, name)
		}
		if !strings.Contains(manual, "-"+name) && !strings.HasPrefix(name, "max-") {
			t.Errorf("the comment of %s does not name -%s", source, name)
		}
	}
	return names
}

// prepare writes what the commands of the README need: calls of eight weeks, and their predictions in a store.
func prepare(t *testing.T, dir string) {
	t.Helper()
	made, err := transcript.Generate(120, &transcript.GenerateOptions{Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), filepath.Join(dir, "predictions.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var text strings.Builder
	now := time.Now()
	for i, c := range made.Calls {
		c.Metadata.CallTime = now.AddDate(0, 0, -34).Add(time.Duration(i) * 34 * 24 * time.Hour / 120)
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "%s\n", b)
		p := store.Prediction{UID: c.ID, CallID: c.ID, Time: c.Metadata.CallTime, Version: "v", Probability: 0.5, Turns: 10, Words: 100}
		if err := s.AddPredictions(context.Background(), []store.Prediction{p}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "data.jsonl"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
