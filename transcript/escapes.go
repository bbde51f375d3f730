package transcript

import (
	"cmp"
	"html"
	"regexp"
	"slices"
	"strings"
)

// isDialogue reports whether a text has lines of two speakers, so that it is more than what one of them says.
func isDialogue(text string) bool {
	if !strings.Contains(text, "\n") && !strings.Contains(text, `\n`) {
		return false
	}
	labels := parse(unescapeLines(text), nil).labels
	for _, l := range labels {
		if l.speaker != labels[0].speaker {
			return true
		}
	}
	return false
}

var lineBreaks = strings.NewReplacer(`\r\n`, "\n", `\n`, "\n", "<br>", "\n", "<br/>", "\n", "<br />", "\n")

// turnSeparators are signs between the turns of a call on one line, each before those that are in it.
var turnSeparators = []string{"###", "||", "|", "\t", "¶", "~", "</s>", "[SEP]", "[EOT]", "__eou__", " // ", " / ", " -- ", " - ", " – ", " — ", " • ", " > ", ";"}

// unescapeLines returns a text in which \n or <br> stands for line breaks with these. That is so where there are no others and
// speakers' labels follow it. So a path such as C:\new stays. A sign such as "|" stands for line breaks where labels of two speakers
// follow wherever it is.
func unescapeLines(text string) string {
	text = strings.ReplaceAll(text, "_x000D_\n", "\n") // as Excel writes CR
	switch {
	case strings.Contains(strings.TrimSpace(text), "\n"):
		return text
	case !containsAny(text, `\n`, "<br"):
		return cmp.Or(separateTurns(text), text)
	}
	broken := lineBreaks.Replace(text)
	if len(parse(broken, nil).labels) <= len(parse(text, nil).labels) {
		return text
	}
	return broken
}

// separateTurns returns a text of one line with a line for each turn where a sign separates all of them, and "" for any other.
func separateTurns(text string) string {
	text = strings.TrimSpace(text)
	for _, sign := range turnSeparators {
		turns := strings.Split(strings.TrimSuffix(text, strings.TrimSpace(sign)), sign)
		if len(turns) == 1 || slices.ContainsFunc(turns, func(turn string) bool { return !strings.Contains(turn[:min(len(turn), longestName)], ":") }) {
			continue
		}
		lines := strings.Join(turns, "\n")
		if labels := parse(lines, nil).labels; len(labels) == len(turns) && labels[0].speaker != labels[1].speaker {
			return lines
		}
	}
	return ""
}

// lineEnd is a tag of HTML that ends a line, and tag any that transcripts have; other words in angle brackets may be speakers.
var (
	lineEnd = regexp.MustCompile(`(?i)<br ?/?>|</(?:p|div|li|tr|h[1-6])>`)
	tag     = regexp.MustCompile(`(?i)</?(?:a|b|blockquote|body|br|code|div|em|font|h[1-6]|hr|html|i|img|li|ol|p|pre|s|small|span|strong|sub|sup|table|tbody|td|th|tr|u|ul)(?: [^<>]*)?/?>`)
)

// isHTML reports whether a text starts with a tag of HTML or has one that ends a line or a link.
func isHTML(s string) bool {
	return strings.Contains(s, "<") && (isTag(strings.TrimSpace(s)) || strings.Contains(s, "</a>") || lineEnd.MatchString(s))
}

// hasReference reports whether a text has one of the usual character references of HTML.
func hasReference(s string) bool {
	return strings.Contains(s, "&") && containsAny(s, "&amp;", "&lt;", "&gt;", "&nbsp;", "&quot;", "&apos;", "&#39;", "&#x27;", "&#34;")
}

// withoutTags returns the words of HTML, as in messages of Intercom, and any other text as it is; so too HTML whose words are HTML,
// so that what is written is read as the same.
func withoutTags(s string) string {
	plain := s
	switch {
	case isHTML(s):
		plain = tag.ReplaceAllString(lineEnd.ReplaceAllString(s, "$0\n"), "")
	case !hasReference(s):
		return s
	}
	if plain = strings.TrimSpace(html.UnescapeString(plain)); isHTML(plain) || hasReference(plain) {
		return s
	}
	return plain
}

// plainLines returns a text without the tags of HTML, and with line breaks where \n or <br> stands for them.
func plainLines(text string) string {
	if (strings.Contains(text, "<") || strings.Contains(text, "&")) && !isSubtitles(text) {
		text = withoutTags(text)
	}
	return unescapeLines(text)
}

// pythonJSON returns as JSON what Python prints for lists, tuples and dictionaries of strings, numbers, None, True and
// False, and NumPy for arrays of these, which have no commas between them.
func pythonJSON(text string) ([]byte, bool) {
	p := python{in: text}
	for p.space(); p.i < len(p.in); p.space() {
		if !p.token() {
			return nil, false
		}
	}
	return p.out, true
}

type python struct {
	in  string
	i   int
	out []byte
}

func (p *python) space() {
	for p.i < len(p.in) && isSpace(p.in[p.i]) {
		p.i++
	}
}

// brackets are Python's, and what they are in JSON.
var brackets = map[byte]byte{'[': '[', ']': ']', '{': '{', '}': '}', '(': '[', ')': ']', ',': ',', ':': ':'}

// token reads a token and reports whether it is known.
func (p *python) token() bool {
	c := p.in[p.i]
	if b, ok := brackets[c]; ok {
		p.i++
		last := byte(0)
		if n := len(p.out); n > 0 {
			last = p.out[n-1]
		}
		switch {
		case last == ',' && (b == ']' || b == '}'): // (1,)
			p.out = p.out[:len(p.out)-1]
		case (last == '}' || last == ']') && (b == '{' || b == '['):
			p.out = append(p.out, ',')
		}
		p.out = append(p.out, b)
		return true
	}
	if c == '\'' || c == '"' {
		return p.string(c)
	}
	n := strings.IndexAny(p.in[p.i:], ",:]})( \n\r\t")
	if n <= 0 {
		return false
	}
	word := p.in[p.i : p.i+n]
	p.i += n
	switch word {
	case "None", "nan":
		word = "null"
	case "True":
		word = "true"
	case "False":
		word = "false"
	}
	p.out = append(p.out, word...)
	return true
}

// string reads a string in quotes.
func (p *python) string(quote byte) bool {
	p.out = append(p.out, '"')
	for p.i++; p.i < len(p.in); p.i++ {
		switch c := p.in[p.i]; {
		case c == quote:
			p.i++
			p.out = append(p.out, '"')
			return true
		case c == '"':
			p.out = append(p.out, `\"`...)
		case c == '\n':
			p.out = append(p.out, `\n`...)
		case c < ' ':
			p.out = append(p.out, ' ')
		case c == '\\' && p.i+1 < len(p.in):
			p.i++
			p.escape(p.in[p.i])
		default:
			p.out = append(p.out, c)
		}
	}
	return false
}

// escape writes the escape of c; Python has escapes of bytes and quotes that JSON has not.
func (p *python) escape(c byte) {
	switch c {
	case '\'':
		p.out = append(p.out, '\'')
	case 'x':
		p.out = append(p.out, `\u00`...)
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't', 'u':
		p.out = append(p.out, '\\', c)
	default:
		p.out = append(p.out, '\\', '\\', c)
	}
}
