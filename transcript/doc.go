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
// id is optional, and label is 0 (lost), 1 (won), or null or left out where the outcome is unknown. Metadata have typed
// values for industry, product, duration, call_time, agent_id and customer_company_size; all other keys, and keys beside
// the metadata, are kept in Metadata.Extra, and what is written back is what was read. A [Reader] also reads CSV, plain
// text with speakers' labels, WebVTT, SRT, turns in JSON, and folders of all of these, packed by gzip or not.
//
// Readers are iter.Seq2[Call, error] and hold one record in memory at a time. Errors are of the type [*RecordError], a
// line that names the file, the record (from 1), the byte (from 0, unpacked) and the remedy. A loop that breaks at an
// error has the all-or-nothing reading, one that goes on skips; [Collect] does either, and no ID may be there twice.
// Nothing is repaired in silence: text that is not UTF-8, NUL bytes, keys that are there twice, empty transcripts and
// labels other than those above are errors. A byte order mark at the start is the one thing that is dropped.
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
