// Package readme has a test that the commands of the README do what it says, and nothing else.
package readme
