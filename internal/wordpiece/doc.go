// Package wordpiece turns text into the token ids of BERT models, as the Hugging Face tokenizers library does.
//
// [New] reads a [Tokenizer] from tokenizer.json, with the [Settings] of the files around it, which override it. The file is
// loaded by github.com/sugarme/tokenizer, whose vocabulary is used; text is never encoded by that library, which differs from the
// reference on accents, no-break spaces, byte order marks and invalid UTF-8. The encoder here gives the reference's ids on every
// text.
//
// # Steps
//
// Text is searched for special tokens such as [MASK], leftmost and longest first. What lies between them is cleaned
// (control characters go, white space separates), ideographs become words of their own, accents are stripped (canonical
// decomposition, nonspacing marks dropped), letters are lowered, as far as the file's normalizer asks for each of these.
// Words end at white space and around each punctuation character, and are cut into the longest tokens that the
// vocabulary has, from the left. A word that cannot be cut so, or that is longer than 100 characters, is [UNK].
//
// # Bytes
//
// Any bytes are accepted. Invalid UTF-8 reads as U+FFFD, one for each maximal broken sequence, as Python's "replace"
// decoding has it; a normalizer that cleans removes them. Spans are byte offsets into the original text, always on
// character boundaries; tokens of one decomposed character share its span.
//
// # Frozen tables
//
// The classes of characters are tables in this package (tables.go), taken from the reference by sending every code
// point through it (_gen/tables.py). The reference mixes Unicode versions, and ids must not change with the Go release.
//
// # Concurrency
//
// A Tokenizer is never changed after New and may be used by any number of goroutines. [Tokenizer.Append] allocates
// nothing once its slice has room.
package wordpiece
