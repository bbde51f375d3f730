//go:build !unix

package main

import "os"

// hangups never has an element: there is no SIGHUP.
func hangups() chan os.Signal { return make(chan os.Signal) }
