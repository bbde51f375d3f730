package transcript

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
)

// Any reads calls whose format shows in the first bytes, such as calls on standard input: JSON as [Reader.JSON], a table as
// [Reader.CSV] if its first row names a column of what was said and another that is known, Parquet if Formats has a reader
// for it, and any other text as [Reader.Text].
func (o Reader) Any(ctx context.Context, r io.Reader) iter.Seq2[Call, error] {
	return func(yield func(Call, error) bool) {
		unpacked, err := o.unpack(interruptible{ctx, r})
		if err != nil {
			o.finish(ctx, func(yield yieldFunc) { yield.fail(0, 0, err) })(yield)
			return
		}
		b := bufio.NewReaderSize(unpacked, 1<<16)
		o.detect(b)(o, ctx, b)(yield)
	}
}

// detect returns how a text is read, by its beginning. It waits for no more of it than tells.
func (o Reader) detect(b *bufio.Reader) Format {
	const parquet = "PAR1"
	start, _ := b.Peek(1) // an error comes back when b is read
	if len(start) > 0 && start[0] == parquet[0] && o.Formats[".parquet"] != nil {
		if start, _ = b.Peek(len(parquet)); string(start) == parquet {
			return o.Formats[".parquet"]
		}
	}
	switch first, second := opening(b); {
	case first == 0, first == '{', first == '[' && strings.IndexByte(`{["]`, second) >= 0: // "[00:12] Name: …" is text
		return Reader.JSON
	}
	start, _ = b.Peek(b.Size())
	if o.isTable(start) {
		return Reader.CSV
	}
	return Reader.Text
}

// opening returns the first two bytes that are not white space, 0 for those that are not there.
func opening(b *bufio.Reader) (first, second byte) {
	for n := 1; n <= b.Size(); n++ {
		start, _ := b.Peek(n)
		if len(start) < n {
			break
		}
		switch c := start[n-1]; {
		case isSpace(c), bytes.HasPrefix(utf8BOM, start):
		case first == 0:
			if first = c; c != '[' {
				return first, 0
			}
		default:
			return first, c
		}
	}
	return first, 0
}

// isTable reports whether a text begins with a row that names columns of calls or turns.
func (o Reader) isTable(start []byte) bool {
	t := &csvFile{source: source{r: bytes.NewReader(start)}, limit: len(start), tooLarge: o.tooLarge()}
	t.skipBOM()
	if t.learn() {
		return true
	}
	header, _, err := t.next()
	if err != nil {
		return false
	}
	k := newKeys(o.Columns)
	texts, others := 0, 0
	for _, key := range header {
		switch u := k.ofCall(key); {
		case u.slot == textSlot && (len(header) > 1 || u.rank <= exact):
			texts++
		case u.slot != noSlot:
			others++
		}
	}
	return (texts > 0 || o.Outcomes) && (others > 0 || len(header) == 1)
}

// unreadable are files that are often given and are not read: by the endings of their names, by how they begin, and what would
// mend it.
var unreadable = []struct{ endings, magic, problem string }{
	{".xlsx .xlsm .xls .ods .numbers", "", "it is a workbook; save its sheet as CSV in UTF-8"},
	{".docx .doc .odt .rtf .pages", "{\\rtf", "it is a word processor's document; save it as plain text (.txt) in UTF-8"},
	{".pdf", "%PDF", "it is a PDF; save its text as .txt, as with pdftotext"},
	{".html .htm", "<!DOC", "it is a web page; save its text as .txt"},
	{".zip .7z .rar .tar .tgz", "PK\x03\x04", "it is an archive, as .xlsx and .docx are inside; unpack it, or save a workbook as CSV and a document as plain text"},
	{"", "\xd0\xcf\x11\xe0", "it is an old workbook or document; save it as CSV or plain text in UTF-8"},
	{".ass .ssa .sub .ttml .dfxp .stl .scc", "[Script Info]", "it is subtitles in a format that is not read; save them as WebVTT (.vtt) or SRT (.srt)"},
	{"", "<?xml", "it is XML; save subtitles as WebVTT (.vtt) or SRT (.srt), and calls as JSON or CSV"},
	{".bz2 .xz .zst .lz4", "BZh", "it is not packed by gzip; unpack it first"},
	{"", "\xfd7zXZ", "it is not packed by gzip; unpack it first"},
	{"", "\x28\xb5\x2f\xfd", "it is not packed by gzip; unpack it first"},
	{"", "\xff\xfe\x00\x00", "it is UTF-32; convert it to UTF-8"},
	{"", "\x00\x00\xfe\xff", "it is UTF-32; convert it to UTF-8"},
	{".mp3 .mp4 .m4a .wav .webm .ogg .flac", "RIFF", "it is a recording; transcribe it first"},
}

// refuseName returns an error for a file whose name has the ending of a format that is not read.
func refuseName(name string) error {
	for _, k := range unreadable {
		if end := ending(name); end != "" && slices.Contains(strings.Fields(k.endings), end) {
			return errors.New(k.problem)
		}
	}
	return nil
}

// refuse returns an error for what begins as something that is not read.
func refuse(b *bufio.Reader) error {
	start, _ := b.Peek(1)
	for _, k := range unreadable {
		if k.magic == "" || len(start) == 0 || k.magic[0] != start[0] {
			continue
		}
		if all, _ := b.Peek(len(k.magic)); string(all) == k.magic {
			return errors.New(k.problem)
		}
	}
	return nil
}
