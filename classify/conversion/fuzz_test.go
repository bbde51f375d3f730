package conversion

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"testing"
	"testing/fstest"

	"github.com/org/salesconv/transcript"
)

// Whatever a file of a saved predictor holds, Load returns an error or a predictor whose probabilities are numbers. The
// hashes are made to fit, so that they are not what stops it. The encoder's files have a target of their own in its package.
func FuzzLoad(f *testing.F) {
	calls := transcript.Sample()[:20]
	p, _, err := Fit(f.Context(), calls, &Options{Model: tiny, Folds: 2, Frozen: true})
	if err != nil {
		f.Fatal(err)
	}
	dir := f.TempDir() + "/models"
	if err := p.Save(dir); err != nil {
		f.Fatal(err)
	}
	files := fstest.MapFS{}
	hashes, err := hashes(os.DirFS(dir), ".")
	if err != nil {
		f.Fatal(err)
	}
	for name := range hashes {
		b, err := os.ReadFile(dir + "/" + name)
		if err != nil {
			f.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: b}
	}
	names := []string{manifestFile, createdFile, classifierFile, wordsFile}
	for i, name := range names {
		f.Add(uint8(i), files[name].Data)
	}
	call := transcript.Call{Text: "Agent: What do you pay today?\nCustomer: Too much."}
	f.Fuzz(func(t *testing.T, i uint8, content []byte) {
		changed, name := maps.Clone(files), names[int(i)%len(names)]
		changed[name] = &fstest.MapFile{Data: content}
		if name != createdFile {
			bind(t, changed)
		}
		p, err := Load(changed)
		if err != nil {
			return
		}
		all, err := p.Predict(t.Context(), []transcript.Call{call}, nil)
		if err == nil && (len(all) != 1 || math.IsNaN(all[0].Probability)) {
			t.Errorf("%+v", all)
		}
		if _, err := p.Explain(t.Context(), call, &ExplainOptions{Words: -1}); err == nil {
			p.Live().Add(t.Context(), transcript.Turn{Text: "So what does it cost?"})
		}
	})
}

// bind makes the hashes of a saved predictor fit its files.
func bind(t *testing.T, files fstest.MapFS) {
	var m map[string]any
	if json.Unmarshal(files[manifestFile].Data, &m) == nil && m != nil && m["files"] != nil {
		listed, err := hashes(files, ".")
		if err != nil {
			t.Fatal(err)
		}
		delete(listed, manifestFile)
		delete(listed, createdFile)
		m["files"] = listed
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		files[manifestFile] = &fstest.MapFile{Data: b}
	}
	b, err := json.Marshal(created{Version: digest(files[manifestFile].Data)})
	if err != nil {
		t.Fatal(err)
	}
	files[createdFile] = &fstest.MapFile{Data: b}
}
