package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// migrations lead from an empty database to the present schema. Each is statements with semicolons between them.
var migrations = []string{
	`CREATE TABLE predictions (
		uid TEXT PRIMARY KEY,
		call_id TEXT NOT NULL,
		time BIGINT NOT NULL,
		version TEXT NOT NULL,
		variant TEXT NOT NULL,
		probability DOUBLE PRECISION NOT NULL,
		log_odds DOUBLE PRECISION NOT NULL,
		turns BIGINT NOT NULL,
		words BIGINT NOT NULL,
		warnings TEXT NOT NULL
	);
	CREATE INDEX predictions_time ON predictions (time);
	CREATE INDEX predictions_call ON predictions (call_id)`,
	`CREATE TABLE outcomes (
		call_id TEXT NOT NULL,
		time BIGINT NOT NULL,
		won BIGINT NOT NULL,
		recorded BIGINT NOT NULL,
		metadata TEXT NOT NULL,
		PRIMARY KEY (call_id, time, won)
	);
	CREATE TABLE decisions (
		uid TEXT PRIMARY KEY,
		time BIGINT NOT NULL,
		action TEXT NOT NULL,
		serving TEXT NOT NULL,
		candidate TEXT NOT NULL,
		reason TEXT NOT NULL,
		figures TEXT NOT NULL
	)`,
}

// migrate applies the migrations that the database does not have yet.
func (s *Store) migrate(ctx context.Context) error {
	return s.transact(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, s.lock); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"); err != nil {
			return err
		}
		version := 0
		err := tx.QueryRowContext(ctx, "SELECT version FROM schema_version").Scan(&version)
		if errors.Is(err, sql.ErrNoRows) {
			_, err = tx.ExecContext(ctx, "INSERT INTO schema_version (version) VALUES (0)")
		}
		if err != nil {
			return err
		}
		if version > len(migrations) {
			return fmt.Errorf("its schema has version %d, and this program knows %d: a later version of the program wrote it", version, len(migrations))
		}
		for _, m := range migrations[version:] {
			for statement := range strings.SplitSeq(m, ";") {
				if _, err := tx.ExecContext(ctx, statement); err != nil {
					return err
				}
			}
		}
		_, err = tx.ExecContext(ctx, "UPDATE schema_version SET version = $1", len(migrations))
		return err
	})
}
