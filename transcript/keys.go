package transcript

import (
	"slices"
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
	pageSlot          // which page of a call the record is
	usedSlot          // nothing any more
	slots
)

// use is what a key is for.
type use struct {
	slot slot
	rank uint8         // of two keys for the same, the lower counts
	unit time.Duration // of numbers, 0 where the key does not tell
	name string        // of a fieldSlot, a key of Metadata
	side Role          // of who speaks where a roleSlot is true
	// local: the key is German, French, Italian and the like, so that in dates the day comes before the month.
	local bool
}

// The ranks of a key that the caller named, and of the usual key; those above are only taken for what they may be, and those
// that are doubtful, as they are often something else, only if all else agrees. Labels in the metadata come after those alongside.
const (
	given = iota
	exact
	guess
	inMetadata = 50
	doubtful   = 100
)

func (u use) doubtful() bool { return u.rank >= doubtful }

func (u use) isID() bool { return u.slot == callSlot || u.slot == idSlot }

// isID reports whether a value is one that may be an ID, and is not what was said in a call.
func isID(s string) bool {
	const longest = 64
	s = strings.TrimSpace(s)
	return s != "" && len(s) <= longest && !strings.ContainsAny(s, " \t\n")
}

// turnKeys are the usual keys of a turn, the first that has a value counts. They are compared without case and without
// what is neither a letter nor a digit; a unit may stand after keys of times ("start_ms", "BeginOffsetMillis").
var turnKeys = withSides(dictionary(map[slot]string{
	textSlot: "text transcript content message utterance sentence spoken_text said body speech value display display_text caption " +
		"msg transcription punctuated_word word phrase words snippet plain_body body_text message_text message_parts html_body | gesprochen äußerung aussage inhalt nachricht satz texte contenu énoncé réplique texto " +
		"contenido mensaje testo contenuto messaggio conteúdo mensagem fala tekst",
	nameSlot: "speaker_name display_name participant_name speaker name full_name user_name author_name sender_name speaker_label " +
		"speaker_id speaker_tag participant participant_id author sender from user user_id person_id author_id email party who actor users " +
		"| sprecher sprecherin teilnehmer locuteur intervenant hablante participante interlocutor interlocutore falante spreker",
	roleSlot: "role speaker_role participant_role user_role actor_type author_type user_type participant_purpose purpose speaker_type participant_type sender_type " +
		"affiliation author_role sender_role | rolle rôle rol ruolo papel",
	kindSlot:    "type direction side source",
	channelSlot: "channel media_channel channel_label channel_tag channel_id channel_number | kanal canal canale",
	startSlot: "start start_time start_offset begin begin_time begin_offset offset start_ts start_timestamp time_offset " +
		"seconds_from_start snippet_time timestamp time ts created_at sent_at starts_at date datetime time_in_call start_date_time client_timestamp | beginn startzeit " +
		"zeit uhrzeit début heure inicio hora inizio ora início",
	endSlot:    "end end_time end_offset stop ends_at end_ts end_timestamp result_end_time end_date_time | ende endzeit fin fine fim",
	lengthSlot: "duration | dauer durée duración durata duração",
	callSlot:   "call_id conversation_id dialogue_id dialog_id interaction_id conversation_sid call_sid",
	sameSlot:   "raw_text original_text lexical itn masked_itn normalized_text decorated_text",
}))

// sideKeys are keys that say whether somebody of a side speaks.
var sideKeys = sides(map[Role]string{
	Agent:    "is_agent from_agent by_agent agent_flag is_rep is_internal is_outgoing outgoing is_outbound from_me",
	Customer: "is_customer from_customer by_customer customer_flag is_client is_caller is_external is_user is_incoming incoming is_inbound",
})

func withSides(keys map[string]use) map[string]use {
	for key, side := range sideKeys {
		keys[squeeze(key)] = use{slot: roleSlot, rank: doubtful, side: side}
	}
	return keys
}

// role returns the value of a key for the role of who speaks, "" where it is none.
func (u use) role(value string) string {
	switch lower := strings.ToLower(value); {
	case u.side == Other:
		return value
	case slices.Contains(yesWords, lower):
		return u.side.String()
	case slices.Contains(noWords, lower):
		return (Agent + Customer - u.side).String()
	}
	return ""
}

var (
	yesWords = strings.Fields("1 1.0 true t yes y ja oui sí si wahr vrai verdadero")
	noWords  = strings.Fields("0 0.0 false f no n nein non falsch faux falso")
)

// callKeys are the usual keys of a call; keys of labels only count where no other of them is there.
var callKeys = withSides(withFields(dictionary(map[slot]string{
	textSlot: "transcript text transcription transcript_text call_transcript full_transcript full_text call_text conversation_text " +
		"content utterance message body sentence message_text spoken_text | transkript transkription gesprächstext gesprächstranskript gesprächsinhalt gesprächsverlauf wortlaut " +
		"transcripción trascrizione transcrição äußerung aussage inhalt nachricht satz texte texto testo mensaje mensagem messaggio tekst fala " +
		"énoncé enunciado ? conversation dialogue dialog | gespräch unterhaltung conversación conversazione conversa",
	nameSlot: "speaker speaker_name speaker_label speaker_id participant participant_name participant_id sender author author_name sender_name | sprecher sprecherin locuteur intervenant hablante interlocutor " +
		"interlocutore falante spreker ? from user party | teilnehmer participante",
	personSlot:  "? name user_name",
	channelSlot: "? channel channel_id channel_label channel_number channel_name track | kanal canal canale",
	roleSlot:    "role speaker_role participant_role participant_purpose speaker_type author_role author_type sender_role sender_type actor_type participant_type | rolle rôle rol ruolo papel",
	kindSlot:    "type",
	callSlot: "call_id conversation_id dialogue_id dialog_id interaction_id contact_id session_id thread_id chat_id meeting_id " +
		"recording_id transcript_id call_sid conv_id ticket_id case_id call_number call_no call root file file_name audio_file " +
		"recording interaction contact_number case_number ticket_number interaction_number call_ref call_reference call_uuid " +
		"call_guid conversation_sid engagement_id activity_id conversation_number | anruf_id anruf_nr anrufnummer gesprächs_id gespräch_id " +
		"ticket case anruf telefonat telefonat_nr vorgang appel llamada chiamata chamada gesprächs_nr gesprächsnummer telefonat_id vorgang_id vorgangsnummer ticketnummer fallnummer appel_id id_appel numéro_appel llamada_id id_llamada " +
		"chiamata_id id_chiamata chamada_id id_chamada gesprek_id gespreks_id id_de_llamada id_de_la_llamada id_de_l'appel id_de_appel id_d'appel " +
		"id_da_chamada id_della_chiamata id_conversación id_de_conversación id_de_la_conversación id_conversation id_de_conversation id_conversazione id_da_conversa",
	idSlot: "id record_id uuid",
	labelSlot: "label outcome converted is_converted conversion won is_won call_outcome deal_outcome sales_outcome sale_outcome " +
		"closed_won is_closed_won deal_won sale_made stage stage_name deal_stage opportunity_stage deal_status opportunity_status sold is_sold sale purchased target " +
		"| abschluss abgeschlossen gewonnen verkauft kauf termin_vereinbart verkaufserfolg kaufabschluss gekauft gesprächsergebnis anrufergebnis gagné vendu ganado ganada " +
		"vendido vendida vinto venduto ganho verkocht " +
		"? result call_result deal_result status call_status lead_status disposition call_disposition won_lost win_loss booked " +
		"is_booked meeting_booked appointment_booked demo_booked signed contract_signed enrolled " +
		"| ergebnis resultat résultat resultado risultato esito resultaat verkauf vente venta vendita venda",
	metadataSlot: "metadata meta",
	startSlot:    "start start_time begin_time begin offset timestamp time ts start_date_time client_timestamp | beginn startzeit zeit uhrzeit début heure inicio hora inizio ora início",
	endSlot:      "end end_time stop end_date_time | ende endzeit fin fine fim",
	orderSlot:    "turn turn_id turn_index turn_number utterance_index sequence sequence_number seq seq_no sentence_index line_number position index | zeile satznummer",
	pageSlot:     "page page_number page_no page_index current_page next_page next_page_token next_page_url next_token next_cursor cursor pagination paging",
})))

// fieldKeys are the typed metadata, and other names that only count where there is one of them.
var fieldKeys = map[string]string{
	"industry": "| branche secteur settore setor",
	"product":  "product_name | produkt produit producto prodotto produto",
	"duration": "call_duration audio_duration talk_time call_length | dauer gesprächsdauer anrufdauer durée duración durata duração duur",
	"call_time": "call_date call_datetime called_at date started_at started call_start call_start_time | datum gesprächsdatum anrufdatum fecha " +
		"data_chiamata data_chamada",
	"agent_id": "agent agent_name agent_email rep rep_id rep_name sales_rep owner owner_id owner_name | mitarbeiter " +
		"mitarbeiterin mitarbeiter_id berater beraterin verkäufer verkäuferin agente vendedor conseiller vendeur venditore consulente medewerker",
	"customer_company_size": "company_size | unternehmensgröße firmengröße",
}

func withFields(keys map[string]use) map[string]use {
	for name, others := range fieldKeys {
		keys[squeeze(name)] = use{slot: fieldSlot, rank: exact, name: name}
		local := false
		for other := range strings.FieldsSeq(others) {
			if local = local || other == "|"; other == "|" {
				continue
			}
			for _, key := range spellings(other) {
				keys[key] = use{slot: fieldSlot, rank: guess, name: name, local: local}
			}
		}
	}
	return keys
}

// dictionary ranks the keys of each slot in their order; keys of labels after the first are all alike. Keys after "?" are
// doubtful, and those after "|" not English.
func dictionary(keys map[slot]string) map[string]use {
	all := make(map[string]use)
	for s, list := range keys {
		base, local := exact, false
		for i, key := range strings.Fields(list) {
			switch key {
			case "?":
				base, local = doubtful, false
				continue
			case "|":
				local = true
				continue
			}
			rank := base + i
			if s == labelSlot {
				rank = min(rank, base+guess-exact)
			}
			for _, key := range spellings(key) {
				all[key] = use{slot: s, rank: uint8(rank), local: local}
			}
		}
	}
	return all
}

// plainLetters are how letters with marks are written without them.
var plainLetters = []*strings.Replacer{
	strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss"),
	strings.NewReplacer("ä", "a", "ö", "o", "ü", "u", "ß", "ss", "á", "a", "ã", "a", "ç", "c", "é", "e", "è", "e", "í", "i", "ó", "o", "ô", "o", "ú", "u"),
}

// spellings returns a key squeezed, as it is and without marks on its letters.
func spellings(key string) []string {
	all := []string{squeeze(key)}
	for _, r := range plainLetters {
		all = append(all, r.Replace(all[0]))
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
	{"ms", time.Millisecond}, {"nanoseconds", time.Nanosecond}, {"nanos", time.Nanosecond}, {"microseconds", time.Microsecond}, {"inticks", 100 * time.Nanosecond}, {"ticks", 100 * time.Nanosecond}, {"usec", time.Microsecond},
	{"micros", time.Microsecond}, {"inseconds", time.Second}, {"seconds", time.Second}, {"secs", time.Second}, {"sec", time.Second},
	{"insekunden", time.Second}, {"sekunden", time.Second}, {"sek", time.Second}, {"inminuten", time.Minute}, {"minuten", time.Minute},
	{"hhmmss", 0}, {"mmss", 0},
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
