// Package transcript reads labelled sales calls, checks them and parts them for training and testing.
package transcript
