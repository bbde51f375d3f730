// Package contract has only tests: of what all public packages promise.
package contract
