package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/danielgtaylor/huma/v2"
)

// schemas describe the body of a request in JSON.
type schemas struct {
	registry    huma.Registry
	call, calls *huma.Schema
}

// newSchemas describes a call as the readers of package transcript take it. Keys that are not named here are kept as they are.
func newSchemas(registry huma.Registry, maxCalls int) schemas {
	text := &huma.Schema{
		Type: huma.TypeString, Pattern: `^[^\x00]*[^\s\x00][^\x00]*$`,
		Description: "what was said, a line for each turn: \"Agent: …\\nCustomer: …\"",
	}
	name := &huma.Schema{Type: huma.TypeString, Nullable: true, Pattern: `^[^\x00]*$`}
	seconds := &huma.Schema{Type: huma.TypeNumber, Nullable: true, Minimum: number(0), Maximum: number(1e6), Description: "seconds from the beginning of the call"}
	turn := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"text"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{"speaker": name, "role": name, "text": text, "start": seconds, "end": seconds},
	}
	call := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"transcript"}, AdditionalProperties: true,
		Properties: map[string]*huma.Schema{
			"id":         {OneOf: []*huma.Schema{{Type: huma.TypeString, Pattern: `^[^\x00]*$`, MaxLength: count(maxID / 4)}, {Type: huma.TypeInteger}, {Enum: []any{nil}}}, Description: "names the call in the response, where it is empty for a call without one"},
			"transcript": {OneOf: []*huma.Schema{text, {Type: huma.TypeArray, Items: turn, MinItems: count(1)}}},
			"label":      {Enum: []any{0.0, 1.0, nil}, Description: "how the call ended; it is not looked at"},
			"metadata":   {Type: huma.TypeObject, Nullable: true, AdditionalProperties: true},
		},
		Examples: []any{map[string]any{"id": "c1", "transcript": "Agent: Hi Dana, is this a good time?\nCustomer: Sure, we need a quote by Friday."}},
	}
	calls := &huma.Schema{Type: huma.TypeArray, MinItems: count(1), Description: fmt.Sprintf("at most %d calls", maxCalls)}
	registry.Map()["Call"] = call
	calls.Items = &huma.Schema{Ref: "#/components/schemas/Call"}
	for _, s := range []*huma.Schema{call, calls} {
		s.PrecomputeMessages()
	}
	return schemas{registry, call, calls}
}

func number(x float64) *float64 { return &x }
func count(n int) *int          { return &n }

// requestBody describes the body of a request that has calls, in each of the formats.
func (s schemas) requestBody(many bool) *huma.RequestBody {
	json := &huma.Schema{Ref: "#/components/schemas/Call"}
	if many {
		json = &huma.Schema{OneOf: []*huma.Schema{json, s.calls}}
	}
	content := map[string]*huma.MediaType{}
	for _, kind := range slices.Sorted(maps.Keys(formats)) {
		content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: "transcripts as files have them"}}
	}
	content["application/json"] = &huma.MediaType{Schema: json}
	return &huma.RequestBody{Required: true, Content: content}
}

// Bodies of the operations on calls in progress.
var (
	liveSchema = &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"call":     {Type: huma.TypeString, Nullable: true, Pattern: `^[^\x00]*$`, MaxLength: count(maxID / 4), Description: "the id of the call, for the store"},
			"customer": {Type: huma.TypeString, Nullable: true, MaxLength: count(maxID / 4), Description: "the id of the customer, by which experiments divide calls"},
		},
	}
	turnSchema = &huma.Schema{
		Type: huma.TypeObject, Required: []string{"text"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"text":    {Type: huma.TypeString, Pattern: `^[^\x00]*[^\s\x00][^\x00]*$`, Description: "what was said"},
			"speaker": {Type: huma.TypeString, Nullable: true, Description: "who said it; the model does not look at it"},
		},
	}
)

func jsonBody(required bool, schema *huma.Schema) *huma.RequestBody {
	schema.PrecomputeMessages()
	return &huma.RequestBody{Required: required, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
}
