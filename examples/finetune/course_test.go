package main

import (
	"strings"
	"testing"

	"github.com/org/salesconv/examples/cli"
)

// A stage lasts until the next begins, however often it is shown, and is measured once.
func TestCourse(t *testing.T) {
	c := &course{Progress: new(cli.Progress)}
	c.end() // before anything began
	for _, name := range []string{"read", "read", "train", "read"} {
		c.Show(name, 1, 2)
	}
	c.end()
	var names []string
	for _, s := range c.Stages {
		if names = append(names, s.Name); !(s.Seconds > 0) {
			t.Errorf("%s took %v seconds", s.Name, s.Seconds)
		}
	}
	if got := strings.Join(names, " "); got != "read train read" {
		t.Errorf("stages %s", got)
	}
	c.Stages = []stage{{"read", 0.2}, {"train", 61.4}, {"judge", 0.6}}
	if got := c.String(); got != "train 61 s, judge 1 s" {
		t.Errorf("%q", got)
	}
}
