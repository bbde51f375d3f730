// Package reference reads the values that tests compare with: gzipped files in the testdata directory of the package
// under test. The script regenerate in this directory runs the scripts that write them, make_*.py alongside the files,
// with the versions of the reference implementations in requirements.txt; reference.py is what those scripts share.
package reference

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Bytes returns what a file of testdata holds, unzipped.
func Bytes(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return data
}

// JSON reads a file of testdata into v.
func JSON(t testing.TB, name string, v any) {
	t.Helper()
	if err := json.Unmarshal(Bytes(t, name), v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
