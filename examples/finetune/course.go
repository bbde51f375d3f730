package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/org/salesconv/examples/cli"
)

// A course shows how far a run is, and measures how long its stages take: each lasts until the next one begins.
type course struct {
	*cli.Progress
	Stages []stage
	begun  time.Time // the last of them
}

// stage is one of the stages of a run, as run.json has it.
type stage struct {
	Name    string  `json:"stage"`
	Seconds float64 `json:"seconds"`
}

// Show shows that done of total steps of a stage have been taken.
func (c *course) Show(name string, done, total int) {
	if n := len(c.Stages); n == 0 || c.Stages[n-1].Name != name {
		c.end()
		c.Stages, c.begun = append(c.Stages, stage{Name: name}), time.Now()
	}
	c.Progress.Show(name, done, total)
}

// end ends the last stage.
func (c *course) end() {
	if n := len(c.Stages); n > 0 && !c.begun.IsZero() {
		c.Stages[n-1].Seconds = time.Since(c.begun).Seconds()
		c.begun = time.Time{}
	}
}

// String says how long each stage took that took a second or more.
func (c *course) String() string {
	var said []string
	for _, s := range c.Stages {
		if s.Seconds >= 0.5 {
			said = append(said, fmt.Sprintf("%s %.0f s", s.Name, s.Seconds))
		}
	}
	return strings.Join(said, ", ")
}
