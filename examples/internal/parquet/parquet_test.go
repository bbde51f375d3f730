package parquet

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/salesconv/transcript"
	"github.com/parquet-go/parquet-go"
)

type turn struct {
	Speaker string  `parquet:"speaker"`
	Text    string  `parquet:"text,optional"`
	Start   float64 `parquet:"start"`
}

type call struct {
	ID       string    `parquet:"ID"`
	Turns    []turn    `parquet:"transcript,list"`
	Label    *int64    `parquet:"label,optional"`
	When     time.Time `parquet:"call_time,timestamp(microsecond)"`
	Day      int32     `parquet:"day,date"`
	Duration float32   `parquet:"duration"`
	Tags     []string  `parquet:"tags,list"`
	VIP      bool      `parquet:"vip"`
}

// table writes calls as a Parquet file.
func table(t testing.TB) []byte {
	t.Helper()
	won := int64(1)
	var b bytes.Buffer
	w := parquet.NewGenericWriter[call](&b)
	_, err := w.Write([]call{
		{"a", []turn{{"Agent", "Hello.", 1.5}, {"Customer", "Hi.", 2}}, &won, time.Date(2026, 3, 5, 14, 15, 0, 0, time.UTC), 20517, 90, []string{"x", "y"}, true},
		{ID: "b", Turns: []turn{{"Agent", "Bye.", 0}}},
	})
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCalls(t *testing.T) {
	name := filepath.Join(t.TempDir(), "calls.parquet")
	if err := os.WriteFile(name, table(t), 0o600); err != nil {
		t.Fatal(err)
	}
	r := transcript.Reader{Formats: map[string]transcript.Format{Ending: Calls}}
	calls, err := transcript.Collect(r.File(context.Background(), name), nil)
	if err != nil || len(calls) != 2 {
		t.Fatalf("%d calls, error %v", len(calls), err)
	}
	a, b := calls[0], calls[1]
	if a.ID != "a" || a.Outcome != transcript.Won || b.Outcome != transcript.Unknown {
		t.Errorf("calls %+v", calls)
	}
	turns := a.Turns()
	if len(turns) != 2 || turns[0].Role != transcript.Agent || turns[0].From != 1500*time.Millisecond || turns[1].Text != "Hi." {
		t.Errorf("turns %+v", turns)
	}
	if m := a.Metadata; !m.CallTime.Equal(time.Date(2026, 3, 5, 14, 15, 0, 0, time.UTC)) || m.Duration != 90*time.Second ||
		m.Value("day") != "2026-03-05" || m.Value("tags") != `["x","y"]` || m.Value("vip") != "true" {
		t.Errorf("metadata %+v", m)
	}
}

func TestDamaged(t *testing.T) {
	good := table(t)
	for name, b := range map[string][]byte{"empty": nil, "text": []byte("id,transcript\n"), "cut": good[:len(good)/2]} {
		_, err := transcript.Collect(Calls(transcript.Reader{}, context.Background(), bytes.NewReader(b)), nil)
		if err == nil || !strings.Contains(err.Error(), "not a Parquet file that can be read") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func FuzzCalls(f *testing.F) {
	f.Add(table(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		const most = 1000 // a damaged file can claim any number of empty rows
		n := 0
		for range Calls(transcript.Reader{}, context.Background(), bytes.NewReader(b)) {
			if n++; n == most {
				break
			}
		}
	})
}
