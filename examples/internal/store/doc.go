// Package store keeps predictions and what became known about them afterwards in SQL: in an SQLite file, which needs
// nothing but this program, or in a PostgreSQL database that several programs share.
//
//	s, err := store.Open(ctx, "predictions.db")                       // or postgres://user@host/database
//	err = s.AddPredictions(ctx, predictions)
//	for p, err := range s.Predictions(ctx, from, to) { … }
//
// # Tables
//
//	predictions     a row for each prediction: Prediction (predictions.go)
//	outcomes        a row for each record of how a call ended: Outcome (outcomes.go)
//	decisions       a row for each decision about which version serves: Decision (decisions.go)
//	schema_version  one row, the number of migrations that were applied (migrations.go)
//
// No table holds the text of a call. Times are microseconds since 1970 in UTC, lists are comma-separated words.
//
// # Changes of the schema
//
// A migration is SQL text at the end of the list in migrations.go, which Open applies once, in a transaction; programs that
// open the same store at the same moment wait for each other. Migrations that were released are never edited. A store that
// a later version of this package wrote is an error.
//
// Statements are written for both databases: placeholders are $1, $2 and so on, types are TEXT, BIGINT and DOUBLE PRECISION.
//
// # Errors and concurrency
//
// Errors name the database, without the password. After an error nothing was written or, if the connection broke while a
// transaction ended, everything: adding the same rows again is harmless, as rows that are there already are left out. A
// Store is safe for concurrent use, also of several programs on one file.
package store
