package transcript

import (
	"slices"
	"strings"
	"time"
)

// shape is how a vendor's JSON holds the turns of a call. Where it fits, the keys of its turns are read by turnKeys; the
// shape says only what these do not tell. Paths are keys with a dot between them; after a key, [] goes through all
// elements of a list, [0] takes the first, and [#] goes through them as the channels of a recording, whose turns are put in
// the order of their times. What an element on the way says of speaker, role, channel and times holds for all that is in it.
type shape struct {
	name string
	// calls is the path to the calls, each an object, where the record itself is not the call.
	calls string
	turns string // the path from the call to its turns
	// before is the path to a turn that is kept apart from those after it.
	before string
	text   string // the path from a turn to what was said
	start  string // and to the time when it was
	end    string // and to the time when it was over
	// by is the path from the call to a list of who speaks from which start on, where turns do not have a speaker.
	by    string
	unit  time.Duration // of plain numbers; where it is 0 the turns tell (see unitOf)
	words bool          // the turns are words, to be put together
	named bool          // only turns that say who speaks count
	// open: the format is not a vendor's alone, so objects and lists alongside the turns are metadata too.
	open bool
	// keys of the call that have another meaning than usual, as in Reader.Columns.
	keys map[string]string
}

// shapes are the formats that are known, the most specific first: of those that fit a record, the first is taken.
var shapes = []shape{
	{name: "Gong", calls: "callTranscripts[]", turns: "transcript[].sentences[]", unit: time.Millisecond},
	{name: "Gong", turns: "transcript[].sentences[]", unit: time.Millisecond},
	{name: "Deepgram", turns: "results.utterances[]", unit: time.Second},
	{name: "Deepgram", turns: "results.channels[#].alternatives[0].paragraphs.paragraphs[].sentences[]", unit: time.Second},
	{name: "Deepgram", turns: "results.channels[#].alternatives[0].words[]", unit: time.Second, words: true},
	{name: "Deepgram", turns: "results.channels[#].alternatives[0]"},
	{name: "AWS Transcribe", turns: "results.audio_segments[]", unit: time.Second},
	{name: "AWS Transcribe", turns: "results.channel_labels.channels[#].items[]", text: "alternatives[0].content", unit: time.Second, words: true},
	{name: "AWS Transcribe", turns: "results.items[]", text: "alternatives[0].content", by: "results.speaker_labels.segments[]",
		unit: time.Second, words: true},
	{name: "AWS Transcribe", turns: "results.transcripts[]"},
	{name: "AWS Call Analytics", turns: "Transcript[]"},
	{name: "Contact Lens", turns: "Segments[].Transcript", unit: time.Millisecond},
	{name: "Azure Speech", turns: "recognizedPhrases[]", text: "nBest[0].display"},
	{name: "Azure Speech", turns: "phrases[]"},
	{name: "Google Speech-to-Text", turns: "results[].alternatives[0].words[]", words: true, named: true},
	{name: "Speechmatics", turns: "results[].alternatives[0]", text: "content", words: true},
	{name: "Google Speech-to-Text", turns: "results[].alternatives[0]"},
	{name: "Twilio or Fireflies", turns: "sentences[]", unit: time.Second},
	{name: "Fireflies", calls: "data.transcripts[]", turns: "sentences[]", unit: time.Second, keys: map[string]string{"duration": "duration_minutes"}},
	{name: "Fireflies", calls: "data.transcript", turns: "sentences[]", unit: time.Second, keys: map[string]string{"duration": "duration_minutes"}},
	{name: "RingSense", turns: "insights.Transcript[]", unit: time.Second, keys: map[string]string{"sourceRecordId": "call_id",
		"recordingStartTime": "call_time", "recordingDurationMs": "duration_ms"}},
	{name: "CallRail", turns: "conversational_transcript[]", unit: time.Second},
	{name: "Zoom", turns: "timeline[]"},
	{name: "Rev AI", turns: "monologues[].elements[]", unit: time.Second, words: true},
	{name: "Intercom", turns: "conversation_parts.conversation_parts[]", before: "source"},
	{name: "Genesys Cloud", turns: "transcripts[].phrases[]"},
	{name: "Contact Center AI", turns: "entries[]"},
	{name: "AssemblyAI", turns: "utterances[]"},
	{name: "Whisper", turns: "segments[]"},
	{name: "Whisper of Transformers", turns: "chunks[]", unit: time.Second},
	{name: "whisper.cpp", turns: "transcription[]", start: "offsets.from", end: "offsets.to", unit: time.Millisecond},
	{name: "chat messages", turns: "messages[]", open: true},
	{name: "ShareGPT", turns: "conversations[]", open: true},
	{name: "JSON turns", turns: "turns[]", open: true},
	{name: "JSON turns", turns: "transcript[]", open: true},
	{name: "JSON turns", turns: "transcript_object[]", open: true},
	{name: "JSON turns", turns: "conversation[]", open: true},
	{name: "JSON turns", turns: "dialogue[]", open: true},
	{name: "JSON turns", turns: "dialog[]", open: true},
	{name: "JSON turns", turns: "transcripts[]", open: true},
	{name: "JSON turns", turns: "text[]", open: true},
	{name: "JSON words", turns: "words[]", words: true, named: true},
}

// anyList and plainText are the shapes of a list of turns, wherever it is, and of a text.
var (
	anyList   = shape{name: "JSON turns", open: true}
	plainText = shape{name: "JSON", open: true}
)

// byKey are the indices of the shapes by the key that their paths start with.
var byKey = func() map[string][]int {
	keys := make(map[string][]int)
	for i := range shapes {
		key := shapes[i].first()
		keys[key] = append(keys[key], i)
	}
	return keys
}()

// first returns the key that leads to the turns, or to the calls.
func (s *shape) first() string {
	path := s.turns
	if s.calls != "" {
		path = s.calls
	}
	key, _, _ := strings.Cut(path, ".")
	key, _, _ = strings.Cut(key, "[")
	return key
}

// shapesOf returns the shapes that may fit an object.
func shapesOf(v value) []*shape {
	var found []int
	if v.kind() == '{' {
		for m := range v.all() {
			if c := m.kind(); c == '{' || c == '[' {
				found = append(found, byKey[m.key()]...)
			}
		}
	}
	slices.Sort(found)
	all := make([]*shape, len(found))
	for i, k := range found {
		all[i] = &shapes[k]
	}
	return all
}

// step is a part of a path: a key, and the lists after it.
type step struct{ key, list string }

func steps(path string) []step {
	var all []step
	for part := range strings.SplitSeq(path, ".") {
		key, list, _ := strings.Cut(part, "[")
		all = append(all, step{key, list})
	}
	return all
}

// follow calls visit for each value at the end of a path from v; pass sees the elements of lists on the way, and the
// channel that one is.
func follow[T any](v value, path []step, outer T, pass func(T, value, int) T, visit func(value, T)) {
	if len(path) == 0 {
		if v.kind() != 0 {
			visit(v, outer)
		}
		return
	}
	here, rest := path[0], path[1:]
	if v = v.get(here.key); here.list == "" || v.kind() != '[' {
		if here.list == "" {
			follow(v, rest, outer, pass, visit)
		}
		return
	}
	i := 0
	for e := range v.all() {
		inner, channel := outer, -1
		if here.list == "#]" {
			channel = i
		}
		if len(rest) > 0 {
			inner = pass(outer, e, channel)
		}
		follow(e, rest, inner, pass, visit)
		if i++; here.list == "0]" {
			return
		}
	}
}

// find returns the values at the end of a path from v.
func (v value) find(path string) (found []value) {
	follow(v, steps(path), false, func(bool, value, int) bool { return false }, func(v value, _ bool) { found = append(found, v) })
	return found
}

// path returns the first value at the end of a path from v, or none.
func (v value) path(path string) value {
	for _, v := range v.find(path) {
		return v
	}
	return value{}
}
