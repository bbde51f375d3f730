package main

import (
	"encoding/hex"
	"encoding/json"
	"runtime/debug"
	"strings"
)

// The parts of a CycloneDX 1.5 document that a bill of materials of a Go program has.
type (
	document struct {
		Format      string      `json:"bomFormat"`
		SpecVersion string      `json:"specVersion"`
		Version     int         `json:"version"`
		Metadata    metadata    `json:"metadata"`
		Components  []component `json:"components"`
	}
	metadata struct {
		Component component `json:"component"`
	}
	component struct {
		Type       string     `json:"type"`
		Ref        string     `json:"bom-ref,omitempty"`
		Name       string     `json:"name"`
		Version    string     `json:"version"`
		PURL       string     `json:"purl,omitempty"`
		Hashes     []hash     `json:"hashes,omitempty"`
		Properties []property `json:"properties,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// bill is the bill of materials of a binary: the modules that it was built from, with their versions and checksums as in
// go.sum, and the version of Go.
func bill(info *debug.BuildInfo, name string, sha256 []byte) ([]byte, error) {
	d := document{Format: "CycloneDX", SpecVersion: "1.5", Version: 1}
	d.Metadata.Component = component{Type: "application", Ref: name, Name: name, Version: info.Main.Version,
		PURL: purl(&info.Main), Hashes: []hash{{"SHA-256", hex.EncodeToString(sha256)}}}
	for _, s := range info.Settings {
		d.Metadata.Component.Properties = append(d.Metadata.Component.Properties, property{"go:build:" + s.Key, s.Value})
	}
	version := strings.TrimPrefix(info.GoVersion, "go")
	d.Components = []component{{Type: "library", Ref: "std", Name: "std", Version: version, PURL: "pkg:golang/std@" + version}}
	for _, m := range info.Deps {
		c := component{Type: "library", Ref: m.Path, Name: m.Path, Version: m.Version, PURL: purl(m)}
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Sum != "" {
			c.Properties = []property{{"go:sum", m.Sum}}
		}
		d.Components = append(d.Components, c)
	}
	b, err := json.MarshalIndent(d, "", "  ")
	return append(b, '\n'), err
}

// purl is the package URL of a module.
func purl(m *debug.Module) string {
	return "pkg:golang/" + m.Path + "@" + strings.ReplaceAll(m.Version, "+", "%2B")
}
