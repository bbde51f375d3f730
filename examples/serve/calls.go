package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/org/salesconv/transcript"
)

// formats are how a body is read, by its content type.
var formats = map[string]transcript.Format{
	jsonType:               transcript.Reader.JSON,
	"application/x-ndjson": transcript.Reader.JSON,
	"application/jsonl":    transcript.Reader.JSON,
	"text/csv":             transcript.Reader.CSV,
	"text/plain":           transcript.Reader.Text,
	"text/vtt":             transcript.Reader.Subtitles,
	"application/x-subrip": transcript.Reader.Subtitles,
}

// An Upload is the part of an operation's input that reads the body of the request. The framework fills exported types only.
type Upload struct{ request huma.Context }

// Resolve keeps the request, and refuses parameters that are empty, which the framework takes for none. It is called by the framework.
func (b *Upload) Resolve(request huma.Context) (refused []error) {
	b.request = request
	u := request.URL()
	for _, p := range request.Operation().Parameters {
		if values := u.Query()[p.Name]; p.In == "query" && slices.Contains(values, "") {
			refused = append(refused, &huma.ErrorDetail{Location: "query." + p.Name, Message: "it is empty: give it a value, or leave it out"})
		}
	}
	return refused
}

// bytes reads the body, unpacked if it is packed by gzip, within the limits on size and time.
func (b *Upload) bytes(l *limits) ([]byte, error) {
	encoding := strings.ToLower(b.request.Header("Content-Encoding"))
	if encoding != "" && encoding != "gzip" && encoding != "identity" {
		return nil, newProblem(http.StatusUnsupportedMediaType, "header.Content-Encoding", "%q is not supported, want gzip or none", encoding)
	}
	r, w := humago.Unwrap(b.request)
	if r.ContentLength > l.Body {
		return nil, tooLarge(l.Body)
	}
	t := ticketOf(b.request.Context())
	b.request.SetReadDeadline(time.Now().Add(l.Read))
	raw, err := atMost(metered{b.request.BodyReader(), t}, l.Body)
	if err == nil {
		w.(*response).unread = false
		err = b.request.SetReadDeadline(time.Time{}) // a deadline that passed would end the request
	}
	if err == nil && encoding == "gzip" {
		raw, err = unpack(raw, t, l.Body)
	}
	if err == nil {
		err = servable(raw, l.Body)
	}
	if p := (*problem)(nil); errors.As(err, &p) {
		return nil, p
	}
	if n := net.Error(nil); errors.As(err, &n) && n.Timeout() {
		return nil, newProblem(http.StatusRequestTimeout, "body", "it did not arrive within %v", l.Read)
	}
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "body", "it cannot be read: it is incomplete, or does not match its headers")
	}
	if p := t.take(ofServed, 1); p != nil {
		return nil, p
	}
	return raw, nil
}

func atMost(r io.Reader, limit int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(raw)) > limit {
		return nil, tooLarge(limit)
	}
	return raw, err
}

func tooLarge(limit int64) *problem {
	return newProblem(http.StatusRequestEntityTooLarge, "body", "it has more than %d bytes, unpacked: send fewer calls at a time", limit)
}

// mostParts is how many values, cells and lines a body may have, or one for each 32 bytes of the limit on bodies if that is more. A
// part of one byte takes some 100 bytes of memory while it is read.
const mostParts = 1 << 18

// servable returns a problem for a body that has too many parts.
func servable(raw []byte, limit int64) error {
	parts, most := 0, max(mostParts, int(limit/32))
	for _, separator := range []byte(",[{\n;\t|") {
		parts += bytes.Count(raw, []byte{separator})
	}
	if parts > most {
		return newProblem(http.StatusRequestEntityTooLarge, "body", "it has more than %d values, cells or lines: send fewer calls at a time", most)
	}
	return nil
}

func unpack(packed []byte, t *ticket, limit int64) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return atMost(metered{z, t}, limit)
}

// calls reads the calls of the body by its content type.
func (b *Upload) calls(ctx context.Context, s *service) ([]transcript.Call, error) {
	kind, raw, leave, err := b.read(s, slices.Sorted(maps.Keys(formats)))
	if err != nil {
		return nil, err
	}
	defer leave()
	if kind == jsonType {
		if err := s.checkCalls(raw); err != nil {
			return nil, err
		}
	}
	where := func(n int) string { return fmt.Sprintf("body[%d]", n) }
	if strings.HasPrefix(kind, "text/") && kind != "text/csv" || kind == "application/x-subrip" || bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) && kind == jsonType {
		where = func(int) string { return "body" }
	}
	reader := transcript.Reader{Unlabelled: true, Unnumbered: true, MaxRecord: s.limits.Body, MaxUnpacked: s.limits.Body}
	var calls []transcript.Call
	lines := 0
	for c, err := range formats[kind](reader, ctx, bytes.NewReader(raw)) {
		if err == nil {
			err = s.limits.check(c, len(calls), where)
		}
		if err == nil {
			err = b.fits(c, &lines, where(len(calls)))
		}
		if err != nil {
			return nil, unreadable(ctx, err, func(bad *transcript.RecordError) string {
				if kind == jsonType {
					return fieldAt(raw, bad.Byte)
				}
				if bad.Record > 0 {
					return where(bad.Record - 1)
				}
				return "body"
			})
		}
		calls = append(calls, needed(c))
	}
	return calls, nil
}

// read returns the body, which is of one of some content types, when it may be decoded, and what lets others decode theirs.
func (b *Upload) read(s *service, kinds []string) (kind string, raw []byte, leave func(), err error) {
	if kind, err = b.kind(kinds); err != nil {
		return "", nil, nil, err
	}
	if raw, err = b.bytes(&s.limits); err != nil {
		return "", nil, nil, err
	}
	if !utf8.Valid(raw) && (kind == jsonType || !utf16(raw)) {
		return "", nil, nil, newProblem(http.StatusBadRequest, "body", "it is not UTF-8")
	}
	if leave, err = s.decode(b.request.Context(), len(raw)); err != nil {
		return "", nil, nil, err
	}
	if kind == jsonType {
		raw = bytes.TrimPrefix(raw, byteOrderMark)
	}
	return kind, raw, leave, nil
}

// decode waits until a body may be decoded, and returns what lets others: a large one takes several times its bytes meanwhile.
func (s *service) decode(ctx context.Context, bytes int) (func(), error) {
	t := ticketOf(ctx)
	if t.held[ofBytes] == 0 {
		return func() {}, nil
	}
	return s.decoding.pass(ctx, t.client, bytes)
}

// fits returns a problem where a call, after some lines of those before it, has more lines than there is room for.
func (b *Upload) fits(c transcript.Call, lines *int, where string) error {
	n := strings.Count(c.Text, "\n")
	if *lines += n; *lines > mostLines {
		return newProblem(http.StatusRequestEntityTooLarge, where+".transcript", "with it there are more than %d lines: send fewer calls at a time", mostLines)
	}
	if p := ticketOf(b.request.Context()).grow(n * lineBytes); p != nil {
		return p
	}
	return nil
}

// Lines of calls may be turns, of which each takes some bytes until the calls are predicted.
const (
	mostLines = mostParts / 2
	lineBytes = 100
)

// needed is what is used of a call: all else that a client sends need not wait in memory for the prediction.
func needed(c transcript.Call) transcript.Call {
	customer := c.Metadata.Value("customer_id")
	c.Metadata, c.Notes, c.Roles = transcript.Metadata{}, nil, nil
	if customer != "" {
		if id, err := json.Marshal(customer); err == nil {
			c.Metadata.Extra = map[string]json.RawMessage{"customer_id": id}
		}
	}
	return c
}

const jsonType = "application/json"

// kind is the content type of the body, which is JSON by default and has to be one of some.
func (b *Upload) kind(kinds []string) (string, error) {
	header := b.request.Header("Content-Type")
	if header == "" {
		return jsonType, nil
	}
	kind, parameters, err := mime.ParseMediaType(header)
	if err != nil || !slices.Contains(kinds, kind) {
		return "", newProblem(http.StatusUnsupportedMediaType, "header.Content-Type", "%q is not supported, want %s", header, strings.Join(kinds, " or "))
	}
	if set := parameters["charset"]; set != "" && !strings.EqualFold(set, "utf-8") {
		return "", newProblem(http.StatusUnsupportedMediaType, "header.Content-Type", "the charset %q is not supported, want utf-8", set)
	}
	return kind, nil
}

// json reads a body in JSON that fits a schema; no body at all leaves v as it is, where the schema requires nothing.
func (b *Upload) json(s *service, schema *huma.Schema, v any) error {
	_, raw, leave, err := b.read(s, []string{jsonType})
	if err != nil {
		return err
	}
	defer leave()
	if len(raw) == 0 && len(schema.Required) == 0 {
		return nil
	}
	parsed, err := parseJSON(raw)
	if err != nil {
		return err
	}
	res := new(huma.ValidateResult)
	huma.Validate(s.schemas.registry, schema, huma.NewPathBuffer([]byte("body"), 4), huma.ModeWriteToServer, parsed, res)
	if err := refusedBy(res); err != nil {
		return err
	}
	if key := twice(raw); key != "" {
		return newProblem(http.StatusUnprocessableEntity, "body."+key, "it occurs twice: keep one")
	}
	return json.Unmarshal(raw, v)
}

// byteOrderMark may stand before JSON in UTF-8, the only encoding that JSON has (RFC 8259).
var byteOrderMark = []byte("\ufeff")

// utf16 reports whether a byte order mark of UTF-16 is there, which the readers of transcripts obey.
func utf16(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff})
}

// parseJSON parses a body.
func parseJSON(raw []byte) (v any, err error) {
	if err = json.Unmarshal(raw, &v); err == nil {
		return v, nil
	}
	if large, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil, newProblem(http.StatusUnprocessableEntity, fieldAt(raw, large.Offset-2), "it is a number that is too large") // the offset is two bytes after its last digit
	}
	at := int64(len(raw))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = syntax.Offset
	}
	return nil, newProblem(http.StatusBadRequest, "body", "it is not JSON: %v (byte %d)", err, at)
}

// checkCalls returns a problem that names the fields of calls in JSON that do not fit their schema.
func (s *service) checkCalls(raw []byte) error {
	v, err := parseJSON(raw)
	if err != nil {
		return err
	}
	if list, ok := v.([]any); ok && len(list) > s.limits.Calls {
		return tooMany(s.limits.Calls)
	}
	res := new(huma.ValidateResult)
	s.schemas.check(v, huma.NewPathBuffer([]byte("body"), 4), res)
	return refusedBy(res)
}

// refusedBy is the problem of a body with errors, or nil.
func refusedBy(res *huma.ValidateResult) error {
	if len(res.Errors) == 0 {
		return nil
	}
	return huma.NewError(http.StatusUnprocessableEntity, "", res.Errors...)
}

// fieldAt is the field of JSON that the byte at a place belongs to, such as body[2].metadata.
func fieldAt(raw []byte, at int64) string {
	type step struct {
		object, value bool // an object, and one whose key has come and whose value is next
		key           string
		index         int
	}
	var open []*step
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	for {
		token, err := d.Token()
		delimiter, _ := token.(json.Delim)
		switch last := len(open) - 1; {
		case delimiter == '}' || delimiter == ']':
			open = open[:last]
		case last < 0:
		case !open[last].object:
			open[last].index++
		case open[last].value:
			open[last].value = false
		default:
			open[last].key, open[last].value = fmt.Sprint(token), true
		}
		if err != nil || d.InputOffset() > at {
			field := "body"
			for _, s := range open {
				step := "." + s.key
				if !s.object {
					step = fmt.Sprintf("[%d]", s.index)
				}
				const longest = 100
				if len(field+step) > longest {
					break
				}
				field += step
			}
			return field
		}
		if delimiter == '{' || delimiter == '[' {
			open = append(open, &step{object: delimiter == '{', index: -1})
		}
	}
}

// twice returns a key that an object whose values are texts has twice, or "".
func twice(raw []byte) string {
	seen := map[json.Token]bool{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.Token() // {
	for d.More() {
		key, err := d.Token()
		if err != nil || seen[key] {
			return fmt.Sprint(key)
		}
		seen[key] = true
		d.Token()
	}
	return ""
}

// check returns a problem if a call, the n-th from 0, is over the limits.
func (l *limits) check(c transcript.Call, n int, where func(int) string) error {
	switch {
	case n == l.Calls:
		return tooMany(l.Calls)
	case len(c.Text) > l.Text:
		return newProblem(http.StatusRequestEntityTooLarge, where(n)+".transcript", "it has %d bytes, more than %d", len(c.Text), l.Text)
	case len(c.ID) > maxID || strings.ContainsRune(c.ID, 0) || !utf8.ValidString(c.ID):
		return newProblem(http.StatusUnprocessableEntity, where(n)+".id", "it has more than %d bytes, or NUL characters", maxID)
	}
	return nil
}

const maxID = 1024

func tooMany(limit int) error {
	return newProblem(http.StatusRequestEntityTooLarge, fmt.Sprintf("body[%d]", limit), "there are more than %d calls: send fewer at a time", limit)
}

// unreadable makes a problem of an error of a reader.
func unreadable(ctx context.Context, err error, where func(*transcript.RecordError) string) error {
	bad, ok := errors.AsType[*transcript.RecordError](err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !ok:
		return err
	}
	at := where(bad)
	message := goNames.ReplaceAllString(bad.Err.Error(), "")
	for _, name := range []string{"transcript", "label", "metadata"} {
		if strings.Contains(at, name) {
			break
		}
		if strings.Contains(message, "the "+name) || strings.Contains(message, `"`+name+`"`) {
			at += "." + name
			break
		}
	}
	return newProblem(http.StatusUnprocessableEntity, at, "%s (byte %d)", message, bad.Byte)
}

// goNames are the remedies of the readers' errors that only a program has.
var goNames = regexp.MustCompile(` \([^()]*Reader\.[^()]*\)|,? or (their key|its key|name it) in Reader\.Columns`)
