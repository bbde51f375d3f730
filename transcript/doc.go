// Package transcript reads sales calls, validates them, cuts them into turns, splits them for training and testing,
// computes features other than embeddings, masks personal data, and generates synthetic calls.
//
// # Calls
//
// A [Call] is a text with an [Outcome] and [Metadata]. [Read] streams calls from JSON, one object, an array or a line for
// each:
//
//	{"id": "c1", "transcript": "Agent: …\nCustomer: …", "label": 1, "metadata": {"industry": "Retail", "duration": 754}}
//
// id is optional, and label is 0 (lost), 1 (won), a usual word for these such as "Closed Won", or null or left out where the
// outcome is unknown; a label in the metadata counts where none is alongside them. Metadata have typed values for industry,
// product, duration, call_time, agent_id and customer_company_size; all other keys, and keys alongside the metadata, are kept
// in Metadata.Extra, and are written back as they were read.
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
// [Reader.Any] finds the format by the first bytes. Workbooks, word processors' documents, PDFs, archives and recordings are
// errors that name the remedy.
//
// [Reader.Columns], [Reader.Won], [Reader.Lost] and [Reader.Roles] name what a reader cannot guess. A [Summary] shows
// how the input was read, and [Call.Notes] what was unclear in a call.
//
// # Errors
//
// Readers are iter.Seq2[Call, error] and hold one record in memory at a time, or all of the input if each record is a
// turn. Errors are of the type [*RecordError], whose text names the file, the record (from 1), the byte (from 0, after
// unpacking) and the remedy. A loop that breaks at the first error reads all or nothing; a loop that continues skips
// bad records. [Collect] does either, and rejects an ID that occurs twice. Nothing is repaired silently: text that is
// not UTF-8, NUL bytes, duplicate keys, empty transcripts and unknown labels are errors.
//
// # Turns and offsets
//
// [Call.Turns] cuts the text by speakers. All spans are half-open byte offsets into Call.Text, and [Turn.Offset] and
// [Masked.Original] map a place in a turn or in masked text back to it, so that explanations line up with the original.
//
// # Training and testing
//
// [Split] keeps the shares of outcomes, [SplitGroups] keeps groups such as the calls of an agent on one side, and
// [SplitForward] tests on the latest calls; [Fold.Crossing] checks that no group is on both sides. [TFIDF] and [Features]
// are fitted on training calls and then applied to any; both can be saved as JSON.
//
// # Synthetic calls
//
// [Generate] writes calls by a grammar of nearly 700 phrases and words and draws outcomes from a known logistic model
// of their content (see [Drivers]), so the best possible AUC is known. [Sample] is a fixed set of such calls. They are
// for demonstrations and tests: a good score on them shows nothing about real calls.
//
// # Masking
//
// [Call.Mask] replaces names, e-mail and web addresses, telephone, card and account numbers and postal addresses. It
// uses patterns and word lists for English text; its comment describes what they find and miss.
//
// Results are the same for a given seed on any machine. Values are safe for concurrent use as long as nobody changes
// them; each sequence of a Reader is for one goroutine.
package transcript
