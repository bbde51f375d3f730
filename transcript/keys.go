package transcript

import (
	"strings"
	"time"
	"unicode"
)

// slot is what the value of a key or a column is for.
type slot uint8

const (
	noSlot       slot = iota
	textSlot          // what was said
	nameSlot          // who said it
	personSlot        // the same, if there is the ID of a call
	roleSlot          // the side of who said it
	kindSlot          // the same, where the value is a usual word for one
	channelSlot       // of the recording, where nobody is named
	startSlot         // when it was said
	endSlot           // when it was over
	lengthSlot        // how long it took
	orderSlot         // the turn's place in its call
	callSlot          // the ID of a call
	idSlot            // an ID of the call, or of the turn
	labelSlot         // how the call ended
	metadataSlot      // all metadata of the call
	fieldSlot         // one of the metadata
	sameSlot          // what was said once more, in other letters
	usedSlot          // nothing any more
	slots
)

// use is what a key is for.
type use struct {
	slot slot
	rank uint8         // of two keys for the same, the lower counts
	unit time.Duration // of numbers, 0 where the key does not tell
	name string        // of a fieldSlot, a key of Metadata
}

// The ranks of a key that the caller named, and of the usual key; those above are only taken for what they may be, and those
// that are doubtful, as they are often something else, only if all else agrees.
const (
	given = iota
	exact
	guess
	doubtful = 100
)

func (u use) doubtful() bool { return u.rank >= doubtful }

// isID reports whether a value is one that may be an ID, and is not what was said in a call.
func isID(s string) bool {
	const longest = 64
	s = strings.TrimSpace(s)
	return s != "" && len(s) <= longest && !strings.ContainsAny(s, " \t\n")
}

// turnKeys are the usual keys of a turn, the first that has a value counts. They are compared without case and without
// what is neither a letter nor a digit; a unit may stand after keys of times ("start_ms", "BeginOffsetMillis").
var turnKeys = dictionary(map[slot]string{
	textSlot: "text transcript content message utterance sentence spoken_text said body speech value display display_text caption " +
		"msg transcription punctuated_word word phrase words",
	nameSlot: "speaker_name display_name participant_name speaker name full_name user_name author_name sender_name speaker_label " +
		"speaker_id speaker_tag participant participant_id author sender from user user_id email party who actor",
	roleSlot: "role speaker_role participant_role user_role participant_purpose purpose speaker_type participant_type sender_type " +
		"affiliation is_agent is_rep is_internal",
	kindSlot:    "type",
	channelSlot: "channel media_channel channel_label channel_tag channel_id channel_number",
	startSlot: "start start_time start_offset begin begin_time begin_offset offset start_ts start_timestamp time_offset " +
		"seconds_from_start timestamp time ts created_at sent_at date datetime",
	endSlot:    "end end_time end_offset stop end_ts end_timestamp result_end_time",
	lengthSlot: "duration",
	sameSlot:   "raw_text original_text lexical itn masked_itn normalized_text decorated_text",
})

// callKeys are the usual keys of a call; keys of labels only count where no other of them is there.
var callKeys = withFields(dictionary(map[slot]string{
	textSlot: "transcript text transcription transcript_text call_transcript full_transcript full_text call_text conversation_text " +
		"content utterance message body sentence ? conversation dialogue dialog",
	nameSlot:    "speaker speaker_name speaker_label speaker_id participant participant_name participant_id sender author ? from user party",
	personSlot:  "? name user_name",
	channelSlot: "? channel channel_id channel_label channel_number channel_name track",
	roleSlot:    "role speaker_role participant_role participant_purpose speaker_type",
	kindSlot:    "type",
	callSlot: "call_id conversation_id dialogue_id dialog_id interaction_id contact_id session_id thread_id chat_id meeting_id " +
		"recording_id transcript_id call_sid conv_id ticket_id case_id call_number call_no call root file file_name audio_file " +
		"recording interaction contact_number case_number ticket_number interaction_number call_ref call_reference call_uuid " +
		"call_guid conversation_sid engagement_id activity_id conversation_number",
	idSlot: "id",
	labelSlot: "label outcome converted is_converted conversion won is_won call_outcome deal_outcome sales_outcome sale_outcome " +
		"closed_won is_closed_won deal_won sale_made stage stage_name deal_stage opportunity_stage deal_status opportunity_status sold is_sold sale purchased target " +
		"? result call_result deal_result status call_status lead_status disposition call_disposition won_lost win_loss booked " +
		"is_booked meeting_booked appointment_booked demo_booked signed contract_signed enrolled",
	metadataSlot: "metadata meta",
	startSlot:    "start start_time begin_time begin offset timestamp time ts",
	endSlot:      "end end_time stop",
	orderSlot:    "turn turn_id turn_index turn_number utterance_index sequence sequence_number sentence_index line_number position index",
}))

// fieldKeys are the typed metadata, and other names that only count where there is one of them.
var fieldKeys = map[string]string{
	"industry":              "",
	"product":               "product_name",
	"duration":              "call_duration audio_duration talk_time call_length",
	"call_time":             "call_date call_datetime called_at date started_at call_start call_start_time",
	"agent_id":              "agent agent_name agent_email rep rep_id rep_name sales_rep owner owner_id owner_name",
	"customer_company_size": "company_size",
}

func withFields(keys map[string]use) map[string]use {
	for name, others := range fieldKeys {
		keys[squeeze(name)] = use{slot: fieldSlot, rank: exact, name: name}
		for other := range strings.FieldsSeq(others) {
			keys[squeeze(other)] = use{slot: fieldSlot, rank: guess, name: name}
		}
	}
	return keys
}

// dictionary ranks the keys of each slot in their order; keys of labels after the first are all alike. Keys after "?" are
// doubtful.
func dictionary(keys map[slot]string) map[string]use {
	all := make(map[string]use)
	for s, list := range keys {
		base := exact
		for i, key := range strings.Fields(list) {
			if key == "?" {
				base = doubtful
				continue
			}
			rank := base + i
			if s == labelSlot {
				rank = min(rank, base+guess-exact)
			}
			all[squeeze(key)] = use{slot: s, rank: uint8(rank)}
		}
	}
	return all
}

// squeeze leaves of a key what is compared.
func squeeze(key string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return -1
		}
		return unicode.ToLower(c)
	}, key)
}

// units are what may stand after the key of a time.
var units = []struct {
	ending string
	unit   time.Duration
}{
	{"milliseconds", time.Millisecond}, {"millis", time.Millisecond}, {"msec", time.Millisecond}, {"inms", time.Millisecond},
	{"ms", time.Millisecond}, {"inticks", 100 * time.Nanosecond}, {"ticks", 100 * time.Nanosecond}, {"usec", time.Microsecond},
	{"micros", time.Microsecond}, {"inseconds", time.Second}, {"seconds", time.Second}, {"secs", time.Second}, {"sec", time.Second},
	{"inminutes", time.Minute}, {"minutes", time.Minute}, {"mins", time.Minute}, {"min", time.Minute},
}

// find looks a squeezed key up, with and without a unit.
func find(keys map[string]use, key string) use {
	if u, ok := keys[key]; ok {
		return u
	}
	for _, u := range units {
		stem, ok := strings.CutSuffix(key, u.ending)
		if found := keys[stem]; ok && (found.slot == startSlot || found.slot == endSlot || found.slot == lengthSlot || found.name == "duration") {
			found.unit = u.unit
			return found
		}
	}
	return use{}
}

// keys looks up keys, each once. It is for one goroutine.
type keys struct {
	columns     map[string]string // of the Reader: by squeezed key
	turns, call map[string]use
}

func newKeys(columns map[string]string) *keys {
	k := &keys{make(map[string]string), make(map[string]use), make(map[string]use)}
	for theirs, ours := range columns {
		k.columns[squeeze(theirs)] = ours
	}
	return k
}

// turn returns what a key of a turn is for.
func (k *keys) turn(key string) use { return k.look(key, k.turns, turnKeys) }

// ofCall returns what a key of a call, or a column, is for.
func (k *keys) ofCall(key string) use { return k.look(key, k.call, callKeys) }

func (k *keys) look(key string, seen, known map[string]use) use {
	u, ok := seen[key]
	if !ok {
		squeezed := squeeze(key)
		if ours, named := k.columns[squeezed]; named {
			if u = find(known, squeeze(ours)); u.slot == noSlot {
				u = use{slot: fieldSlot, name: ours}
			}
			u.rank = given
		} else {
			u = find(known, squeezed)
		}
		const most = 1000
		if len(seen) < most {
			seen[strings.Clone(key)] = u
		}
	}
	return u
}
