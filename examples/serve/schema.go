package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemas describe the body of a request in JSON.
type schemas struct {
	registry    huma.Registry
	call, calls *huma.Schema // as they are published
	// What is checked: a call but for its id and transcript, and what each of these may be. Of a value that fits none of several
	// schemas, the framework would not report the errors.
	rest           *huma.Schema
	id, transcript []*huma.Schema
}

const (
	noNUL       = `^[^\x00]*$`
	noNULNamed  = "without NUL characters"
	spoken      = `^[^\x00]*[^\s\x00][^\x00]*$`
	spokenNamed = "not blank and without NUL characters"
)

// newSchemas describes a call as the readers of package transcript take it. Keys that are not named here are kept as they are.
func newSchemas(registry huma.Registry, maxCalls int) schemas {
	text := &huma.Schema{
		Type: huma.TypeString, Pattern: spoken, PatternDescription: spokenNamed,
		Description: "what was said, a line for each turn: \"Agent: …\\nCustomer: …\"",
	}
	name := &huma.Schema{Type: huma.TypeString, Nullable: true, Pattern: noNUL, PatternDescription: noNULNamed}
	seconds := &huma.Schema{Type: huma.TypeNumber, Nullable: true, Minimum: number(0), Maximum: number(1e6), Description: "seconds from the beginning of the call"}
	turn := &huma.Schema{
		Type: huma.TypeObject, Required: []string{"text"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{"speaker": name, "role": name, "text": text, "start": seconds, "end": seconds},
	}
	s := schemas{
		registry:   registry,
		id:         []*huma.Schema{{Type: huma.TypeString, Pattern: noNUL, PatternDescription: noNULNamed, MaxLength: count(maxID / 4)}, {Type: huma.TypeInteger}, {Enum: []any{nil}}},
		transcript: []*huma.Schema{text, {Type: huma.TypeArray, Items: turn, MinItems: count(1)}},
	}
	call := func(id, transcript *huma.Schema) *huma.Schema {
		return &huma.Schema{
			Type: huma.TypeObject, Required: []string{"transcript"}, AdditionalProperties: true,
			Properties: map[string]*huma.Schema{
				"id": id, "transcript": transcript,
				"label":    {Enum: []any{0.0, 1.0, nil}, Description: "how the call ended; ignored"},
				"metadata": {Type: huma.TypeObject, Nullable: true, AdditionalProperties: true},
			},
			Examples: []any{map[string]any{"id": "c1", "transcript": "Agent: Hi Dana, is this a good time?\nCustomer: Sure, we need a quote by Friday."}},
		}
	}
	s.rest = call(&huma.Schema{}, &huma.Schema{})
	s.call = call(&huma.Schema{OneOf: s.id, Description: "the id of the call in the response, empty if it has none"}, &huma.Schema{OneOf: s.transcript})
	s.calls = &huma.Schema{Type: huma.TypeArray, MinItems: count(1), Description: fmt.Sprintf("at most %d calls", maxCalls)}
	registry.Map()["Call"] = s.call
	s.calls.Items = &huma.Schema{Ref: "#/components/schemas/Call"}
	for _, all := range [][]*huma.Schema{{s.call, s.calls, s.rest}, s.id, s.transcript} {
		for _, s := range all {
			s.PrecomputeMessages()
		}
	}
	return s
}

// check adds the errors of a call or a list of calls.
func (s *schemas) check(v any, path *huma.PathBuffer, res *huma.ValidateResult) {
	list, ok := v.([]any)
	if !ok {
		s.checkCall(v, path, res)
		return
	}
	if len(list) == 0 {
		res.Add(path, v, "want at least one call")
	}
	for i, call := range list {
		path.PushIndex(i)
		s.checkCall(call, path, res)
		path.Pop()
	}
}

func (s *schemas) checkCall(v any, path *huma.PathBuffer, res *huma.ValidateResult) {
	huma.Validate(s.registry, s.rest, path, huma.ModeWriteToServer, v, res)
	call, ok := v.(map[string]any)
	if !ok {
		return
	}
	for key := range call {
		for name := range s.rest.Properties {
			if key != name && strings.EqualFold(key, name) {
				path.Push(key)
				res.Add(path, key, "it differs from "+name+" in case only: write "+name)
				path.Pop()
			}
		}
	}
	if id := call["id"]; id != nil {
		s.checkOne(s.id, "want a text or an integer", "id", id, path, res)
	}
	if transcript, ok := call["transcript"]; ok {
		s.checkOne(s.transcript, "want a text or an array of turns", "transcript", transcript, path, res)
	}
}

// checkOne checks the value of a key by the one of some schemas that is of its type.
func (s *schemas) checkOne(some []*huma.Schema, want, key string, v any, path *huma.PathBuffer, res *huma.ValidateResult) {
	kind := ""
	switch v.(type) {
	case string:
		kind = huma.TypeString
	case float64:
		kind = huma.TypeInteger
	case []any:
		kind = huma.TypeArray
	}
	path.Push(key)
	defer path.Pop()
	i := slices.IndexFunc(some, func(s *huma.Schema) bool { return s.Type == kind })
	if kind == "" || i < 0 {
		res.Add(path, v, want)
		return
	}
	huma.Validate(s.registry, some[i], path, huma.ModeWriteToServer, v, res)
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
		content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: "transcripts in this file format"}}
	}
	content[jsonType] = &huma.MediaType{Schema: json}
	return &huma.RequestBody{Required: true, Content: content}
}

// Bodies of the operations on calls in progress.
var (
	liveSchema = &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"call":     {Type: huma.TypeString, Nullable: true, Pattern: noNUL, PatternDescription: noNULNamed, MaxLength: count(maxID / 4), Description: "the id of the call, for the store"},
			"customer": {Type: huma.TypeString, Nullable: true, Pattern: noNUL, PatternDescription: noNULNamed, MaxLength: count(maxID / 4), Description: "the id of the customer, by which experiments assign variants"},
		},
	}
	turnSchema = &huma.Schema{
		Type: huma.TypeObject, Required: []string{"text"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"text":    {Type: huma.TypeString, Pattern: spoken, PatternDescription: spokenNamed, Description: "what was said"},
			"speaker": {Type: huma.TypeString, Nullable: true, Description: "who said it; the model ignores it"},
		},
	}
)

func jsonBody(required bool, schema *huma.Schema) *huma.RequestBody {
	schema.PrecomputeMessages()
	return &huma.RequestBody{Required: required, Content: map[string]*huma.MediaType{jsonType: {Schema: schema}}}
}
