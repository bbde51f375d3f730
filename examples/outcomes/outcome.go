package main

import (
	"fmt"

	"github.com/org/salesconv/examples/internal/store"
	"github.com/org/salesconv/transcript"
)

// accept returns an error for a call whose outcome has no time that could be read, where -time names one.
func (o *options) accept(call transcript.Call) error {
	if o.time != "" && call.Metadata.CallTime.IsZero() {
		return fmt.Errorf("call %q: %q in the column %s is no time that can be read", call.ID, call.Metadata.Value("call_time"), o.time)
	}
	return nil
}

// outcome returns the record of a call that was won or lost.
func (o *options) outcome(call transcript.Call) store.Outcome {
	record := store.Outcome{CallID: call.ID, Won: call.Outcome == transcript.Won}
	if o.time != "" {
		record.Time = call.Metadata.CallTime
	}
	for _, key := range o.keep {
		if v := call.Metadata.Value(key); v != "" {
			if record.Metadata == nil {
				record.Metadata = map[string]string{}
			}
			record.Metadata[key] = v
		}
	}
	return record
}
