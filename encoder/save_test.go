package encoder

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSave(t *testing.T) {
	for _, name := range models(t) {
		m := small(t, name)
		dir := filepath.Join(t.TempDir(), "models", "saved")
		for range 2 { // the second replaces the first
			if err := m.Save(dir); err != nil {
				t.Fatal(err)
			}
		}
		saved, err := Load(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{"", "The price is too high!", "a b c"}
		want, err := m.Encode(t.Context(), texts, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := saved.Encode(t.Context(), texts, nil)
		if err != nil || !slices.Equal(got.data, want.data) {
			t.Errorf("%s: the saved model gives other rows (error %v)", name, err)
		}
		if got, want := saved.Config().MaxSeqLength, m.Config().MaxSeqLength; got != want {
			t.Errorf("%s: MaxSeqLength %d, want %d", name, got, want)
		}
		if names, _ := os.ReadDir(filepath.Dir(dir)); len(names) != 1 {
			t.Errorf("%d entries besides the saved model, want none: %v", len(names)-1, names)
		}
	}
}

func TestSaveErrors(t *testing.T) {
	m := small(t, "mean12")
	dir := t.TempDir()
	file := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := m.Save(dir); err == nil || !strings.Contains(err.Error(), "\"notes.txt\" in it was not written by this program") {
		t.Errorf("into a directory with notes.txt: error %v", err)
	}
	if err := m.Save(filepath.Join(file, "model")); err == nil {
		t.Error("below a file: no error")
	}
	m.parameters[3].Value.Data().([]float32)[0] /= 0
	to := filepath.Join(dir, "model")
	if err := m.Save(to); err == nil || !strings.Contains(err.Error(), `tensor "embeddings.LayerNorm.weight"`) {
		t.Errorf("an infinite weight: error %v, want one that names it", err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("%d entries left by saves that failed, want none", len(names)-1)
	}
}

// A card survives saving and loading, whatever its fields hold, and names what is not known.
func TestCard(t *testing.T) {
	m := small(t, "mean12")
	dir := filepath.Join(t.TempDir(), "saved")
	for _, want := range []Card{{}, {Name: "org/name", BaseModel: "org/base", License: "mit", TrainingData: "calls: \"all\",\n--- 10 of them"}} {
		m.SetCard(want)
		if err := m.Save(dir); err != nil {
			t.Fatal(err)
		}
		saved, err := Load(os.DirFS(dir))
		if err != nil || saved.Card() != want {
			t.Errorf("card %+v, error %v, want %+v", saved.Card(), err, want)
		}
	}
	if got := loadMiniLM(t).Card(); got.License != "apache-2.0" || got.Name != "sentence-transformers/all-MiniLM-L6-v2" {
		t.Errorf("the embedded model's card is %+v", got)
	}
}
