package conversion

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
)

// Every file of a saved predictor is missing, cut, changed or another predictor's once.
func TestLoadRefuses(t *testing.T) {
	p, _, _ := train(t, Options{Seed: helpful})
	other, _, _ := train(t, Options{Seed: helpful + 1})
	_, dir := saveAndLoad(t, p)
	_, foreign := saveAndLoad(t, other)
	files, err := hashes(os.DirFS(dir), ".")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 15 {
		t.Fatalf("only the files %v are saved", files)
	}
	for name := range files {
		path := filepath.Join(dir, name)
		was, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := os.ReadFile(filepath.Join(foreign, name))
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.Clone(was)
		changed[len(was)/2] ^= 1
		for how, now := range map[string][]byte{"missing": nil, "cut": was[:len(was)/2], "changed": changed, "another's": theirs} {
			if how == "another's" && bytes.Equal(theirs, was) {
				continue
			}
			if now == nil {
				err = os.Remove(path)
			} else {
				err = os.WriteFile(path, now, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Load(os.DirFS(dir)); err == nil || !strings.HasPrefix(err.Error(), "conversion: ") || !strings.Contains(err.Error(), ".") {
				t.Errorf("%s is %s: error %v", name, how, err)
			}
		}
		if err := os.WriteFile(path, was, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Load(os.DirFS(dir)); err != nil {
		t.Fatalf("all files are as they were: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, tunedDir, "more.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), "does not belong") {
		t.Errorf("a file more: error %v", err)
	}
}

// Manifests of other formats, and those that name files outside the directory, are refused with an error that names the
// problem.
func TestLoadRefusesManifests(t *testing.T) {
	p, _, _ := train(t, Options{Frozen: true})
	_, dir := saveAndLoad(t, p)
	path := filepath.Join(dir, manifestFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(map[string]any)
		want   string
	}{
		"without a format": {func(m map[string]any) { delete(m, "format") }, "saved by an earlier version"},
		"of the first layout": {func(m map[string]any) {
			clear(m)
			m["generic_encoder"], m["background"] = "built-in", []any{0.5}
		}, "saved by an earlier version"},
		"of format 2":        {func(m map[string]any) { m["format"], m["calls"] = 2, 20.0 }, "saved by an earlier version"},
		"of a later format":  {func(m map[string]any) { m["format"] = 99 }, "a later version"},
		"with other keys":    {func(m map[string]any) { m["calls"] = 1 }, "another version of this package: train it again"},
		"with a path":        {func(m map[string]any) { m["generic_encoder"] = "../../other" }, "generic_encoder"},
		"with another file":  {func(m map[string]any) { m["files"].(map[string]any)["../x"] = "00" }, "was changed"},
		"of calls all won":   {func(m map[string]any) { d := m["data"].(map[string]any); d["won"] = d["calls"] }, "won"},
		"without background": {func(m map[string]any) { delete(m, "background") }, "was changed"},
	} {
		var m map[string]any
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatal(err)
		}
		c.change(m)
		now, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, now, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), manifestFile) {
			t.Errorf("a manifest %s: error %v, want one with %q", name, err, c.want)
		}
	}
	if _, err := Load(nil); err == nil {
		t.Error("no directory is no error")
	}
	if _, err := Load(os.DirFS(t.TempDir())); err == nil || !strings.Contains(err.Error(), "finetune") {
		t.Errorf("an empty directory: error %v", err)
	}
}

// The fingerprint is that of the directory, also from above it, until a file in it is changed.
func TestFingerprint(t *testing.T) {
	p, _, _ := train(t, Options{Frozen: true})
	above := t.TempDir()
	if _, err := Fingerprint(os.DirFS(filepath.Join(above, "none"))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want that nothing is there", err)
	}
	dir := filepath.Join(above, "models")
	if err := p.Save(dir); err != nil {
		t.Fatal(err)
	}
	first, err := Fingerprint(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if from, err := Fingerprint(os.DirFS(above)); err != nil || from != first {
		t.Errorf("from above %q, error %v, want %q", from, err, first)
	}
	for _, name := range []string{wordsFile, genericDir + "/modules.json"} {
		file := filepath.Join(dir, name)
		before, err := Fingerprint(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(file, append(b, ' '), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if after, err := Fingerprint(os.DirFS(dir)); err != nil || after == before {
			t.Errorf("a longer %s has the same fingerprint, error %v", name, err)
		}
		if err := os.Chtimes(file, time.Time{}, time.Unix(1e9, 0)); err != nil {
			t.Fatal(err)
		}
		if later, err := Fingerprint(os.DirFS(dir)); err != nil || !strings.Contains(later, "1000000000000000000") {
			t.Errorf("the time of change of %s is not in %q, error %v", name, later, err)
		}
	}
}

func TestEmbeddedSHA256(t *testing.T) {
	m, err := encoder.Load(minilm.FS())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := digestEncoder(m); got != embeddedSHA256 || err != nil {
		t.Errorf("the embedded encoder has %s, error %v, want %s", got, err, embeddedSHA256)
	}
}

// A directory that holds anything else is not replaced.
func TestSaveKeepsWhatIsNotItsOwn(t *testing.T) {
	p, _, _ := train(t, Options{Frozen: true})
	_, dir := saveAndLoad(t, p)
	mine := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := p.Save(dir); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("error %v", err)
	}
	if b, err := os.ReadFile(mine); err != nil || string(b) != "mine" {
		t.Errorf("%q, %v", b, err)
	}
}

// The same calls and options give the same files, but for the date.
func TestSameSeedSameBytes(t *testing.T) {
	var all [2]map[string]string
	for i := range all {
		p, _, _ := train(t, Options{Seed: helpful})
		_, dir := saveAndLoad(t, p)
		var err error
		if all[i], err = hashes(os.DirFS(dir), "."); err != nil {
			t.Fatal(err)
		}
	}
	for name, hash := range all[0] {
		if name != createdFile && all[1][name] != hash {
			t.Errorf("%s differs", name)
		}
	}
}

// Model cards name the base model, its licence and what the tuned encoder was trained on; encoders still load.
func TestCard(t *testing.T) {
	model := fstest.MapFS{}
	if err := fs.WalkDir(tiny, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(tiny, name)
		model[name] = &fstest.MapFile{Data: b}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	model["README.md"] = &fstest.MapFile{Data: []byte("---\nlibrary_name: x\nlicense: mit\n---\nlicense: none\n")}
	p, _, err := Fit(t.Context(), transcript.Sample()[:20], &Options{Model: model, ModelName: "org/tiny", Folds: 2, Tune: triplet.Options{Epochs: 1}})
	if err != nil {
		t.Fatal(err)
	}
	loaded, dir := saveAndLoad(t, p)
	if e := loaded.Info().Encoder; e.Name != "org/tiny" || e.License != "mit" || len(e.SHA256) != 64 {
		t.Errorf("encoder %+v", e)
	}
	for name, want := range map[string][]string{
		tunedDir:   {"base_model: \"org/tiny\"\n", "license: \"mit\"\n", "20 sales calls", loaded.Info().Data.SHA256, "1 epochs"},
		genericDir: {"model_name: \"org/tiny\"\n", "license: \"mit\"\n"},
	} {
		b, err := os.ReadFile(filepath.Join(dir, name, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(string(b), text) {
				t.Errorf("the model card of %s lacks %q", name, text)
			}
		}
		if top, _, _ := strings.Cut(strings.TrimPrefix(string(b), "---\n"), "\n---\n"); strings.Count(top, "license:") != 1 {
			t.Errorf("the model card of %s begins with %q", name, top)
		}
	}
}

// The options that a saved predictor names are the ones in effect, with defaults filled in.
func TestOptionsAsUsed(t *testing.T) {
	if testing.Short() {
		t.Skip("fine-tunes")
	}
	calls := transcript.Sample()[:24]
	p, r, err := Fit(t.Context(), calls[:20], &Options{Model: tiny, HeldOut: calls[20:], Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	i := p.Info()
	if o := i.Options; o.Seed != 7 || o.Folds != 3 || o.Groups < 2 || o.Unmasked || o.Tuning == nil || o.Tuning.Epochs != 12 || o.Tuning.LearningRate != 1.5e-4 ||
		o.Tuning.BatchSize != 8 || o.Tuning.TripletsPerAnchor != 4 || o.Tuning.Loss != triplet.Triplets || !o.Tuning.Soft {
		t.Errorf("options %+v, fine-tuning %+v", o, o.Tuning)
	}
	if len(r.Tuning.Histories) != 3 || i.HeldOut == nil || i.HeldOut.Calls != 4 || !strings.HasPrefix(i.Software, "github.com/org/salesconv") {
		t.Errorf("%+v, held out %+v", i, i.HeldOut)
	}
}
