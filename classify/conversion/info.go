package conversion

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"runtime/debug"
	"time"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
)

// format is the version of the layout of a saved predictor. Earlier ones had no number.
const format = 2

// Info is what a predictor is and how it was trained.
type Info struct {
	Format   int    `json:"format"`   // version of the layout of files
	Software string `json:"software"` // that trained it: this module and its version, from the build information
	Calls    int    `json:"calls"`    // trained on
	Won      int    `json:"won"`      // of these
	Turns    int    `json:"turns"`    // of all calls
	Data     string `json:"data_sha256"`
	Encoder  string `json:"generic_encoder_sha256"`
	Seed     uint64 `json:"seed"`
	Heads    []Head `json:"heads"`

	// Created is when Fit ended. It is kept in created.json, which is not part of the Version.
	Created time.Time `json:"-"`
}

// A Head is one of those whose weighted log-odds the predictor adds up.
type Head struct {
	Key    string  `json:"key"` // of its block
	Title  string  `json:"title"`
	Weight float64 `json:"weight"`
}

// prior is the log-odds of the share of training calls that were won.
func (i *Info) prior() float64 { return math.Log(float64(i.Won) / float64(i.Calls-i.Won)) }

const module = "github.com/org/salesconv"

// software names this module and its version, with the commit where the program was built within the module.
func software() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return module
	}
	for _, m := range build.Deps {
		if m.Path == module {
			return module + " " + m.Version
		}
	}
	if build.Main.Path == module {
		return module + " " + cmp.Or(build.Main.Version, "(devel)")
	}
	return module
}

// digestCalls is the SHA-256 of labelled calls and their groups.
func digestCalls(calls []transcript.Call, groups []string) (string, error) {
	h := sha256.New()
	e := json.NewEncoder(h)
	for i := range calls {
		if err := e.Encode(calls[i]); err != nil {
			return "", err
		}
	}
	err := e.Encode(groups)
	return hex.EncodeToString(h.Sum(nil)), err
}

// digestEncoder is the SHA-256 of a model's configuration and weights.
func digestEncoder(m *encoder.Model) (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(m.Config()); err != nil {
		return "", err
	}
	for _, p := range m.Parameters() {
		io.WriteString(h, p.Name)
		if err := binary.Write(h, binary.LittleEndian, p.Value.Data().([]float32)); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
