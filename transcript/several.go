package transcript

import (
	"slices"
	"strings"
)

// section is a call in a text of several.
type section struct {
	start int // where it starts in the text
	text  string
	told  []keyed // by its heading, which is not in the text
}

// sections cuts a text of several calls, each below a heading with its number or ID, such as "Call 17" and "=== Call 17 | Outcome: Won ===", or
// below keys and values of which the first is the same for all, such as "Call ID: 17". It returns nothing for any other text.
func sections(text string) []section {
	var all []section
	first, headings, value := "", false, "" // the key of the first line, whether it is a heading, and the value above
	set := true                             // the line above is blank or a rule
	for at, line := range lines(text) {
		if isBlank(line) || isSeparator(line) {
			set = true
			continue
		}
		above := set
		set = false
		if first != "" && !above && strings.IndexByte("#=", line[0]) < 0 {
			continue
		}
		k, heading := headingOf(line)
		switch {
		case first == "" && (k.key == "" || !heading && !tellsOfCall(text[at:])):
			return nil
		case first == "":
			first, headings = k.key, heading
		case k.key != first || heading != headings, k.use.isID() && k.value == value, headOf(text[all[len(all)-1].start:]) == headOf(text[at:]): // as pages of a call have
			continue
		}
		value = k.value
		next := section{start: at}
		if heading {
			next.start += len(line)
			next.told = toldBy(line, k)
		}
		if n := len(all) - 1; n >= 0 {
			all[n].text = text[all[n].start:at]
		}
		next.text = text[next.start:] // unless another call follows
		all = append(all, next)
	}
	if len(all) < 2 {
		return nil
	}
	for _, s := range all {
		if start, end, _ := around(s.text); isBlank(s.text[start:end]) {
			return nil
		}
	}
	return all
}

// headOf returns the lines of a text up to a blank one, or the first twenty.
func headOf(text string) string {
	const most = 20
	seen := 0
	for at, line := range lines(text) {
		if seen++; isBlank(line) || seen > most {
			return text[:at]
		}
	}
	return text
}

// tellsOfCall reports whether one of the lines at the start of a text has the ID of the call, or how it ended.
func tellsOfCall(text string) bool {
	for _, line := range lines(headOf(text)) {
		if k, _ := readKeyed(line); (k.use.isID() || k.use.slot == labelSlot) && !k.use.doubtful() {
			return true
		}
	}
	return false
}

// callWords are words for a call in a heading.
var callWords = strings.Fields("call conversation transcript interaction recording chat anruf gespräch telefonat appel llamada chiamata chamada gesprek")

// headingOf reads the first line of a call: a key and its value, or a word for a call and the number or ID of this one, which is then a heading.
// The key is "" for any other line.
func headingOf(line string) (k keyed, heading bool) {
	if k, certain := readKeyed(line); certain && k.value != "" && k.side == Other && k.use.slot != textSlot {
		return k, false
	}
	const longest = 120
	words := strings.Fields(strings.Trim(line[:min(len(line), longest)], " \t\r\n#=*-_~"))
	if len(words) < 2 || !slices.Contains(callWords, strings.ToLower(words[0])) {
		return keyed{}, false
	}
	if slices.Contains([]string{"id", "no", "nr", "number", "#"}, strings.ToLower(strings.Trim(words[1], ".:"))) && len(words) > 2 {
		words = words[1:]
	}
	id := strings.Trim(words[1], "#:.,")
	if !isID(id) || !hasDigit(id) || len(words) > 2 && !strings.HasSuffix(words[1], ":") && !strings.ContainsAny(words[2], "|-–—(") {
		return keyed{}, false
	}
	return keyed{key: "call", value: id}, true
}

// toldBy returns what a heading tells of its call: its ID, and keys and values after bars.
func toldBy(line string, id keyed) []keyed {
	told := []keyed{{key: "call_id", value: id.value}}
	for _, pair := range strings.Split(line, "|")[1:] {
		if k, _ := readKeyed(strings.Trim(pair, "= \t\r\n")); k.key != "" && k.value != "" {
			told = append(told, k)
		}
	}
	return told
}

// ruled reports whether rules such as "-----" stand between labels here and there, as between several calls.
func ruled(text string) bool {
	if !hasRules(text) {
		return false
	}
	labels, rules, ruled := 0, 0, false
	for _, line := range lines(text) {
		switch {
		case isBlank(line):
		case isSeparator(line):
			ruled = labels > 0
		case isLabelled(line):
			if labels++; ruled {
				rules++
			}
			ruled = false
		}
	}
	return rules > 0 && 2*rules < labels-1
}
