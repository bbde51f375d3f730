// Package storetest gives tests empty databases for the store.
package storetest

import (
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
)

// variable holds the URL of a PostgreSQL database in which tests may make schemas.
const variable = "SALESCONV_POSTGRES"

// Each runs a test on a new database of each kind. Without SALESCONV_POSTGRES, PostgreSQL is left out.
func Each(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("SQLite", func(t *testing.T) { test(t, sqlite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) {
		if os.Getenv(variable) == "" {
			t.Skip(variable + " is not set: nothing is tested on PostgreSQL")
		}
		test(t, postgres(t))
	})
}

// New is a new database: of PostgreSQL where SALESCONV_POSTGRES is set, otherwise of SQLite.
func New(t testing.TB) (dsn string) {
	if os.Getenv(variable) == "" {
		t.Log(variable + " is not set: tested on SQLite alone")
		return sqlite(t)
	}
	return postgres(t)
}

func sqlite(t testing.TB) string { return filepath.Join(t.TempDir(), "with ?#% and ä.db") }

// postgres makes a schema, which is dropped when the test ends.
func postgres(t testing.TB) string {
	u, err := url.Parse(os.Getenv(variable))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	schema := "test_" + strings.ToLower(rand.Text())
	if _, err := db.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}
