//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// hangups has an element when SIGHUP arrives, which means: look for another model now.
func hangups() chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c
}
