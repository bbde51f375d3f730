// Package contract has the tests of what all public packages promise, and nothing else.
package contract
