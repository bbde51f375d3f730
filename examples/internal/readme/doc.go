// Package readme has only a test: that the commands of the README work as described.
package readme
