package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The bill of this test's own binary.
func TestDescribe(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	sha, err := sum(self)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bill(info, "release.test", sha)
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	if c := d.Metadata.Component; c.Name != "release.test" || len(c.Hashes[0].Content) != 64 || !strings.HasPrefix(c.PURL, "pkg:golang/github.com/org/salesconv@") {
		t.Errorf("%+v", c)
	}
	if c := d.Components[0]; c.Name != "std" || !strings.HasPrefix(c.PURL, "pkg:golang/std@1.") || len(d.Components) != 1+len(info.Deps) {
		t.Errorf("%d components, the first %+v", len(d.Components), c)
	}
}

func TestStatic(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, bytes.Repeat([]byte("echo hello\n"), 20), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := static(script); err != nil {
		t.Errorf("what is no ELF file: %v", err)
	}
	if err := static("missing"); err == nil {
		t.Error("a missing file is static")
	}
}
