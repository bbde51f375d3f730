package store

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/glebarez/go-sqlite" // the driver "sqlite"
	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// A Store is an open database.
type Store struct {
	db   *sql.DB
	name string      // for errors
	file os.FileInfo // of an SQLite database once it is open, to tell whether its name still leads to it; nil for PostgreSQL
	lock string      // statement that keeps others from migrating until the transaction ends
}

// Open opens a database, connects to it and brings its schema up to date. The DSN is the path of an SQLite file, which is
// made if there is none, or a URL postgres://user:password@host:port/database?sslmode=verify-full, with the options that
// libpq has.
func Open(ctx context.Context, dsn string) (*Store, error) {
	if err := Validate(dsn); err != nil {
		return nil, err
	}
	var s *Store
	var err error
	if isPostgres(dsn) {
		s, err = openPostgres(dsn)
	} else {
		s, err = openSQLite(dsn)
	}
	if err != nil {
		return nil, err
	}
	err = s.migrate(ctx)
	if err == nil && !isPostgres(dsn) {
		s.file, err = os.Stat(dsn)
	}
	if err != nil {
		s.Close()
		return nil, s.error(err)
	}
	return s, nil
}

// Flag adds -log to the flags of a command that needs a store.
func Flag(flags *flag.FlagSet, dsn *string) {
	flags.StringVar(dsn, "log", "", "`DSN` of the store: the path of an SQLite file, or postgres://… (required)")
}

// Validate returns an error if a DSN could not be opened wherever the program runs: it is empty or malformed.
func Validate(dsn string) error {
	switch {
	case dsn == "":
		return errors.New("store: the DSN is empty, want the path of an SQLite file or postgres://…")
	case isPostgres(dsn):
		if _, err := pgx.ParseConfig(dsn); err != nil {
			return fmt.Errorf("store: %w", err) // pgx leaves the password out
		}
	case strings.Contains(dsn, "://"):
		return errors.New("store: the DSN begins with neither postgres:// nor postgresql:// and is not the path of a file")
	}
	return nil
}

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

func openPostgres(dsn string) (*Store, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return nil, errors.New("store: the URL of the PostgreSQL database is malformed")
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	db.SetMaxOpenConns(8)
	name := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	return &Store{db: db, name: name, lock: "SELECT pg_advisory_xact_lock(7218943561)"}, nil
}

// openSQLite opens a file with a write-ahead log, so that readers and the writer do not wait for each other. Transactions
// take the lock for writing when they begin, as one that asks for it later may fail at once instead of waiting.
func openSQLite(path string) (*Store, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	dir, err := os.Stat(filepath.Dir(absolute))
	if err == nil && !dir.IsDir() {
		err = fmt.Errorf("%s is no directory", filepath.Dir(absolute))
	}
	if err != nil {
		return nil, fmt.Errorf("store %s: its directory cannot be used, make it first: %w", path, err)
	}
	if info, err := os.Stat(absolute); err == nil && info.IsDir() {
		return nil, fmt.Errorf("store %s: it is a directory, want the path of a file", path)
	}
	file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(absolute)}
	db, err := sql.Open("sqlite", file.String()+"?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)")
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return &Store{db: db, name: path, lock: "SELECT 1"}, nil
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// error puts the name of the store before an error.
func (s *Store) error(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("store %s: %w", s.name, err)
}

// transact runs f in a transaction, which is rolled back if f returns an error.
func (s *Store) transact(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // of no effect after Commit
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil || s.file == nil {
		return err
	}
	// A file that was removed takes what is written as long as it is open, and nobody will read it.
	if now, err := os.Stat(s.name); err != nil || !os.SameFile(now, s.file) {
		return errors.New("the file was removed or replaced while it was open, and what is written to it is lost: open it again")
	}
	return nil
}

// insertRows is how many rows one statement adds: few enough for SQLite's driver, whose work grows with their square.
const insertRows = 32

// insert adds rows in the order of columns and leaves out those whose key is there already.
func insert(ctx context.Context, tx *sql.Tx, table string, columns []string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(len(rows), insertRows)
		var tuples []string
		var values []any
		for _, row := range rows[:n] {
			marks := make([]string, len(row))
			for k := range row {
				marks[k] = fmt.Sprintf("$%d", len(values)+k+1)
			}
			tuples = append(tuples, "("+strings.Join(marks, ",")+")")
			values = append(values, row...)
		}
		statement := "INSERT INTO " + table + " (" + strings.Join(columns, ",") + ") VALUES " + strings.Join(tuples, ",") + " ON CONFLICT DO NOTHING"
		if _, err := tx.ExecContext(ctx, statement, values...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// scanned streams what scan makes of each of the rows that a query returned with err, and closes them. It ends with the
// first error.
func scanned[T any](rows *sql.Rows, err error, scan func() (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err != nil {
			yield(none, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			if v, err := scan(); !yield(v, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, err)
		}
	}
}

func collect[T any](all iter.Seq2[T, error]) (list []T, err error) {
	for v, err := range all {
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}
