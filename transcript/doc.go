// Package transcript reads sales calls, checks them, cuts them into turns, parts them for training and testing, turns
// them into numbers beside embeddings, masks personal data, and makes up calls to try things on.
//
// # Calls
//
// A [Call] is a text with an [Outcome] and [Metadata]. [Read] streams calls from JSON, one object, an array or a line for
// each:
//
//	{"id": "c1", "transcript": "Agent: …\nCustomer: …", "label": 1, "metadata": {"industry": "Retail", "duration": 754}}
//
// id is optional, and label is 0 (lost), 1 (won), a usual word for these such as "Closed Won", or null or left out where the
// outcome is unknown. Metadata have typed values for industry, product, duration, call_time, agent_id and
// customer_company_size; all other keys, and keys alongside the metadata, are kept in Metadata.Extra, and what is written back
// is what was read.
//
// # Formats
//
// A [Reader] also reads
//
//   - turns in JSON, lists of objects with any of the usual keys (speaker, role or from; text, content or value; start, end),
//     of [speaker, text] pairs or of strings, and the JSON that vendors deliver: Gong, Deepgram, AssemblyAI, AWS Transcribe,
//     Call Analytics and Contact Lens, Azure Speech, Google Speech-to-Text, Twilio, Fireflies, Whisper and its relatives, Rev
//     AI, Speechmatics, Genesys Cloud and others, chat messages and ShareGPT. shapes.go describes each in a line;
//   - CSV and TSV with a row for each call or for each turn (see [Reader.Rows]), and ConvoKit corpora;
//   - text with speakers' labels, WebVTT, SRT and SBV;
//   - directories of all of these, and whatever else [Reader.Formats] names; packed by gzip or not, in UTF-8 or UTF-16.
//
// [Reader.Columns], [Reader.Won], [Reader.Lost] and [Reader.Roles] say what a format does not. A [Summary] says what was
// understood, and [Call.Notes] what was not in a call.
//
// # Errors
//
// Readers are iter.Seq2[Call, error] and hold one record in memory at a time, or where records are turns all that they read.
// Errors are of the type [*RecordError], a line that names the file, the record (from 1), the byte (from 0, unpacked) and
// the remedy. A loop that breaks at an error has the all-or-nothing reading, one that continues skips; [Collect] does either,
// and no ID may be there twice. Nothing is repaired in silence: text that is not UTF-8, NUL bytes, keys that are there twice,
// empty transcripts and labels other than those above are errors.
//
// # Turns and places
//
// [Call.Turns] cuts the text by speakers. All places are byte offsets into Call.Text, half open, and [Turn.Offset] and
// [Masked.Original] lead from a turn or a masked text back to it, so that explanations line up with the original.
//
// # Training and testing
//
// [Split] keeps the shares of outcomes, [SplitGroups] keeps groups such as the calls of an agent on one side, and
// [SplitForward] tests on the latest calls; [Fold.Crossing] checks that no group is on both sides. [TFIDF] and [Features]
// are fitted on training calls and then applied to any; both can be kept as JSON.
//
// # Synthetic calls
//
// [Generate] writes calls by a grammar of nearly 700 phrases and words and draws outcomes by a stated logistic model of what is in
// them (see [Drivers]), so that the best possible AUC is known. [Sample] is a fixed set of them. They are for trying
// things out: a model that does well on them has shown nothing about real calls.
//
// # Masking
//
// [Call.Mask] replaces names, e-mail and web addresses, telephone, card and account numbers and postal addresses. It goes
// by patterns and lists of English text, and says there what it finds and what it misses.
//
// Everything here is deterministic for a given seed, on any machine. Values are safe for concurrent use as long as nobody
// changes them; a Reader's sequences are for one goroutine each.
package transcript
