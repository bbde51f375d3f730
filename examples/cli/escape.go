package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape escapes characters that are not plain text: control characters such as ESC, DEL and U+009B, which terminals
// interpret; line breaks; marks that change the direction of a text; and bytes that are not UTF-8. They become \n, \r,
// \u001b or \xff. Tabs and everything else stay. Within JSON the meaning is unchanged.
func Escape(text string) string {
	if !strings.ContainsFunc(text, risky) && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case risky(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	return b.String()
}

func risky(r rune) bool {
	return r != '\t' && unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// WriteJSON writes v as a line of JSON, escaped as by Escape.
func WriteJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(w, Escape(strings.TrimSuffix(b.String(), "\n"))+"\n")
	return err
}
