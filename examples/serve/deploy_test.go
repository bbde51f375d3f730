package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The dashboard and the alert rules ask for metrics that there are.
func TestDashboardAndAlerts(t *testing.T) {
	r := start(t, func(o *options) { o.store = filepath.Join(t.TempDir(), "predictions.db") })
	r.send("POST", "v1/predict", `{"transcript": "Agent: Hi\nCustomer: Hello"}`)
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)$`).FindAllStringSubmatch(string(r.send("GET", "metrics", "").body), -1) {
		known[m[1]] = true
		if m[2] == "histogram" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				known[m[1]+suffix] = true
			}
		}
	}
	if strings.Contains(string(start(t, nil).send("GET", "metrics", "").body), "store_up") {
		t.Error("without a store there is one that is down")
	}
	used := map[string]bool{}
	for _, file := range []string{"dashboard.json", "alerts.yaml"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if file == "alerts.yaml" && !strings.Contains(string(text), "expr: salesconv_store_up == 0") {
			t.Error("no alert is about a store that is gone")
		}
		for _, name := range regexp.MustCompile(`\b(?:salesconv|go|process)_[a-z_]+`).FindAllString(string(text), -1) {
			if used[name] = true; !known[name] {
				t.Errorf("%s asks for %s, which is no metric", file, name)
			}
		}
	}
	for name := range known {
		if base := strings.TrimSuffix(name, "_total"); strings.HasPrefix(name, prefix) && !used[name] && !used[base+"_bucket"] && !used[base+"_count"] &&
			!strings.HasSuffix(name, "_sum") && !strings.HasSuffix(name, "_count") && !strings.HasSuffix(name, "_bucket") {
			t.Errorf("nothing shows %s", name)
		}
	}
}

// The image is built without the history, models, stores and certificates of whoever builds it.
func TestImage(t *testing.T) {
	ignored, err := os.ReadFile("../../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".git", "out", "**/*.db", "**/*.pem"} {
		if !strings.Contains("\n"+string(ignored), "\n"+name+"\n") {
			t.Errorf("%s gets into the image", name)
		}
	}
}
