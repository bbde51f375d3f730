package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/salesconv/examples/internal/store/storetest"
)

func open(t *testing.T, dsn string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// some returns n predictions, a second apart.
func some(n int) []Prediction {
	all := make([]Prediction, n)
	for i := range all {
		all[i] = Prediction{
			UID: fmt.Sprintf("p%04d", i), CallID: fmt.Sprintf("call '%d' ü", i/2), Time: time.Unix(1e9+int64(i), 123456000).UTC(), Version: "v1",
			Probability: 1 / float64(i+1), LogOdds: -math.Pi * float64(i), Turns: i, Words: 7 * i,
		}
	}
	if n > 1 {
		all[1].Warnings, all[1].Variant = []string{"too_short", "unlike_training"}, "b"
	}
	return all
}

func read(t *testing.T, s *Store, from, to time.Time) (all []Prediction) {
	t.Helper()
	for p, err := range s.Predictions(t.Context(), from, to) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestPredictions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s, all := open(t, dsn), some(100)
		for range 2 { // the second time changes nothing
			if err := s.AddPredictions(t.Context(), all); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
		s = open(t, dsn) // what was written stays, and the migrations are applied once
		if got := read(t, s, time.Time{}, time.Time{}); !reflect.DeepEqual(got, all) {
			t.Errorf("read %v\nwant %v", got, all)
		}
		if got := read(t, s, all[10].Time, all[20].Time); !reflect.DeepEqual(got, all[10:20]) {
			t.Errorf("of a range %v\nwant %v", got, all[10:20])
		}
		for range s.Predictions(t.Context(), time.Time{}, time.Time{}) {
			break
		}
		if err := s.AddPredictions(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

// All of a batch is written or nothing.
func TestBadPredictions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		for want, spoil := range map[string]func(*Prediction){
			"no UID":      func(p *Prediction) { p.UID = "" },
			"NUL":         func(p *Prediction) { p.CallID = "a\x00b" },
			"not UTF-8":   func(p *Prediction) { p.Warnings = []string{"\xff"} },
			"probability": func(p *Prediction) { p.Probability = math.NaN() },
			"finite":      func(p *Prediction) { p.LogOdds = math.Inf(1) },
		} {
			batch := some(3)
			spoil(&batch[2])
			if err := s.AddPredictions(t.Context(), batch); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one about %q", err, want)
			}
		}
		done, stop := context.WithCancel(t.Context())
		stop()
		if err := s.AddPredictions(done, some(3)); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		for _, err := range s.Predictions(done, time.Time{}, time.Time{}) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		}
		if n := len(read(t, s, time.Time{}, time.Time{})); n != 0 {
			t.Errorf("%d predictions of bad batches were written", n)
		}
	})
}

// Stores that are opened at the same moment, as by several programs, migrate once and write side by side.
func TestOpenedTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		var all sync.WaitGroup
		for k := range 4 {
			all.Go(func() {
				s, err := Open(t.Context(), dsn)
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				batch := some(40)
				for i := range batch {
					batch[i].UID = fmt.Sprint(k, "-", i)
				}
				if err := s.AddPredictions(t.Context(), batch); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := len(read(t, open(t, dsn), time.Time{}, time.Time{})); n != 160 {
			t.Errorf("%d predictions, want 160", n)
		}
	})
}

func TestLaterSchema(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		if _, err := s.db.Exec("UPDATE schema_version SET version = 1000"); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), dsn); err == nil || !strings.Contains(err.Error(), "a later version of the program wrote it") {
			t.Errorf("error %v", err)
		}
	})
}

// Errors name the database and not the password.
func TestOpenErrors(t *testing.T) {
	other := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(other, []byte(strings.Repeat("not a database. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for dsn, want := range map[string]string{
		"":                     "the DSN is empty",
		"mysql://host/db":      "neither postgres:// nor",
		"postgres://h:port/db": "store: ",
		"postgres://u:s3cr3t@127.0.0.1:1/db?connect_timeout=5": "store postgres://127.0.0.1:1/db: ",
		filepath.Join(other, "x.db"):                           "x.db: ",
		other:                                                  "text: ",
		filepath.Join(t.TempDir(), "none", "x.db"):             "x.db: its directory cannot be used, make it first: ",
		t.TempDir():                                            "it is a directory, want the path of a file",
	} {
		_, err := Open(t.Context(), dsn)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: error %v, want %q and no password", dsn, err, want)
		}
	}
}

// A file that is removed or replaced while it is open is an error of the next write, and another Open begins a new one.
func TestFileIsRemoved(t *testing.T) {
	file := filepath.Join(t.TempDir(), "predictions.db")
	s := open(t, file)
	if err := s.AddPredictions(t.Context(), some(1)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func() error{
		"removed":  func() error { return os.Remove(file) },
		"replaced": func() error { return errors.Join(os.Remove(file), os.WriteFile(file, nil, 0o600)) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if err := s.AddPredictions(t.Context(), some(3)); err == nil || !strings.Contains(err.Error(), "removed or replaced") {
			t.Errorf("%s: error %v", name, err)
		}
		s.Close()
		s = open(t, file)
		if err := s.AddPredictions(t.Context(), some(3)); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s, time.Time{}, time.Time{}); len(got) != 3 {
			t.Errorf("%s: %d predictions are in the new file, want 3", name, len(got))
		}
	}
}
