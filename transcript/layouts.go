package transcript

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// withoutRules returns a text with blanks instead of lines that only part others, "-----" and the ">" between paragraphs that Markdown quotes, so
// that nothing else moves.
func withoutRules(text string) string {
	if !hasRules(text) && !strings.Contains(text, "\n>") {
		return text
	}
	var b []byte
	for at, line := range lines(text) {
		if isBlank(line) || !isSeparator(line) && strings.TrimSpace(line) != ">" {
			continue
		}
		if b == nil {
			b = []byte(text)
		}
		for i := range len(strings.TrimRight(line, "\r\n")) {
			b[at+i] = ' '
		}
	}
	if b == nil {
		return text
	}
	return string(b)
}

// hasRules reports whether a text may have lines such as "-----".
func hasRules(text string) bool {
	return containsAny(text, "---", "===", "***", "___", "~~~", "###", "- -", "= =", "* *", "_ _", "~ ~", "# #")
}

// withoutNumbers returns a text whose lines or turns are numbered with blanks instead of the numbers, so that nothing else moves,
// and any other text as it is.
func withoutNumbers(text string) string {
	spans := turnNumbers(text)
	if spans == nil {
		spans = lineNumbers(text)
	}
	if spans == nil {
		return text
	}
	b := []byte(text)
	for _, span := range spans {
		for i := span[0]; i < span[1]; i++ {
			b[i] = ' '
		}
	}
	return string(b)
}

// turnNumbers returns where the numbers are with which each label of a text starts, one more each time: "1 Agent: …", "001: Agent: …",
// "[1] Agent: …". It returns nothing for any other text.
func turnNumbers(text string) (spans [][2]int) {
	const most = 10 // lines above the first number
	seen, next := 0, -1
	for at, line := range lines(text) {
		from, k, value := turnNumber(line)
		if next < 0 && (k == 0 || value > 1) {
			if seen++; seen == most {
				return nil
			}
			continue
		}
		switch labelled := isLabelled(line[from+k:]); {
		case k > 0 && labelled && (value == next || next < 0 && !labelledAbove(text[:at])):
			spans, next = append(spans, [2]int{at + from, at + from + k}), value+1
		case labelled || next < 0:
			return nil
		}
	}
	if len(spans) < 2 {
		return nil
	}
	return spans
}

func labelledAbove(text string) bool {
	for _, line := range lines(text) {
		if isLabelled(line) {
			return true
		}
	}
	return false
}

// isLabelled reports whether a line starts with what is likely a speaker's label.
func isLabelled(line string) bool {
	m, ok := findMark(line, false)
	return ok && m.form != unnamed && m.form != alone && likenessOf(m.name.speaker, nil) >= fairName
}

// turnNumber reads the number of a turn at the start of a line, and returns where it is, with the signs around it.
func turnNumber(line string) (from, size, value int) {
	rest := trimBlanks(line)
	if rest == "" || !isDigit(rest[0]) && strings.IndexByte("#[(", rest[0]) < 0 {
		return 0, 0, 0
	}
	from = len(line) - len(rest)
	number := strings.TrimLeft(rest, "#[(")
	k, value := digits(number)
	after := strings.TrimLeft(number[k:], ".:)]|- \t")
	if k == 0 || k > 4 || after == "" || len(after) == len(number)-k || isDigit(after[0]) {
		return 0, 0, 0
	}
	return from, len(rest) - len(after), value
}

// lineNumbers returns where the numbers are of lines that are numbered from 1 on each page, as those of depositions are.
func lineNumbers(text string) (spans [][2]int) {
	const few, first = 4, 6 // the least lines, and how many of them show that there are no numbers
	seen, numbered, last := 0, 0, 0
	for at, line := range lines(text) {
		if isBlank(line) {
			continue
		}
		from, k, value := lineNumber(line)
		if k > 0 {
			spans = append(spans, [2]int{at + from, at + from + k})
		}
		if k > 0 && (value == last+1 || value == 1) {
			last = value
			if isBlank(line[from+k:]) { // which alone shows nothing
				continue
			}
			numbered++
		}
		if seen++; seen == first && 2*numbered < seen {
			return nil
		}
	}
	if numbered < few || numbered*5 < seen*4 {
		return nil
	}
	return spans
}

// lineNumber reads the number of one or two digits, with blanks after it, that a line starts with, and returns where it is; k is 0 if
// there is none.
func lineNumber(line string) (from, k, value int) {
	rest := trimBlanks(line)
	if k, value = digits(rest); k == 0 || k > 2 || k < len(rest) && !isSpace(rest[k]) {
		return 0, 0, 0
	}
	return len(line) - len(rest), k, value
}

// pageLines returns where the lines are that number the pages of a document, such as "Page 2 of 7"; nil unless there are two, one more each
// time.
func pageLines(text string) map[int]bool {
	var found map[int]bool
	last, said := 0, false // the number above, and whether anything is below it
	for at, line := range lines(text) {
		n := pageNumber(line)
		switch {
		case n == 0:
			said = said || !isBlank(line)
			continue
		case found == nil:
			found = make(map[int]bool)
		case n != last+1 || !said:
			return nil
		}
		found[at], last, said = true, n, false
	}
	if len(found) < 2 {
		return nil
	}
	return found
}

// pageNumber returns the number in a line that has no more than it, 0 for any other line.
func pageNumber(line string) int {
	const longest = 40
	if len(line) > longest || !hasDigit(line) {
		return 0
	}
	words := strings.Fields(strings.ToLower(line))
	if len(words) != 2 && len(words) != 4 || !slices.Contains([]string{"page", "seite", "página", "pagina", "pág."}, words[0]) {
		return 0
	}
	k, n := digits(words[1])
	if k < len(words[1]) || len(words) == 4 && (!slices.Contains([]string{"of", "von", "de", "sur", "di", "/"}, words[2]) || !isPlainDigits(words[3])) {
		return 0
	}
	return n
}

// keyed is a line that tells of the call: a key and a value.
type keyed struct {
	key, value string
	use        use
	side       Role // of who is named, Other where the key is no word for a side
}

// readKeyed reads a line that tells of the call, such as "Outcome: Won" and "Agent: Jane Doe"; certain is false where nothing shows that it
// does.
func readKeyed(line string) (k keyed, certain bool) {
	key, value, ok := strings.Cut(strings.Trim(line, " \t\r\n*#-"), ":")
	k = keyed{key: strings.Trim(key, " *_"), value: strings.Trim(value, " *_")}
	if !ok || k.key == "" || strings.IndexByte("[(<", k.key[0]) >= 0 || hasDigit(k.key) {
		return keyed{}, false
	}
	if side, role := usualRole(k.key); role {
		if k.side = side; side == Other {
			return keyed{}, false // "Speaker: …"
		}
		return k, !strings.ContainsAny(k.value, "!?.") && likenessOf(k.value, nil) >= fairName
	}
	k.use = find(callKeys, squeeze(k.key))
	return k, k.use.slot != noSlot && k.use.slot != textSlot || isDateLine(line)
}

// endsCall reports whether a line says how the call ended, in words that are certain.
func (k keyed) endsCall() bool {
	said, err := Reader{}.outcome(k.value)
	return k.use.slot == labelSlot && err == nil && said != Unknown
}

// speaks reports whether a key that is not known may be who says the value: one that comes back in the text below, or whose value has words
// of a sentence, and no heading.
func speaks(k keyed, below string) bool {
	first, _, _ := strings.Cut(strings.ToLower(k.key), " ")
	if vocabulary[first].is(headingWord) {
		return false
	}
	for word := range strings.FieldsSeq(strings.ToLower(k.value)) {
		if vocabulary[strings.Trim(word, ",.!?")].is(common) {
			return true
		}
	}
	return strings.Contains(below, "\n"+k.key+":") || strings.IndexByte(".!?", k.value[len(k.value)-1]) >= 0
}

// keyedHeader returns the length of what stands above a transcript and tells of the call, a key and a value on each line, such as
// "Call ID: 17" and "Agent: Jane Doe", and what it says. It ends at a blank line, or before the first line of the transcript. It is 0
// if there is none.
func keyedHeader(text string) (end int, head []keyed) {
	const most, few, longest = 20, 2, 80
	known, named := 0, 0 // lines that certainly tell of the call, and that name who speaks
	done := func(at int) (int, []keyed) {
		if known < few {
			return 0, nil
		}
		return at, head
	}
	seen := make(map[string]bool) // keys, and the names of speakers
	for at, line := range lines(text) {
		if isBlank(line) {
			if len(head) == 0 {
				continue
			}
			if known > 0 {
				known += named
			}
			rest := strings.TrimLeftFunc(text[at:], unicode.IsSpace)
			if line, below, ok := strings.Cut(rest, "\n"); ok && isTextKey(line) {
				return done(len(text) - len(below))
			}
			return done(at)
		}
		if isSeparator(line) {
			continue
		}
		if len(head) == most || len(line) > longest {
			return done(at)
		}
		k, certain := readKeyed(line)
		switch {
		case k.use.slot == textSlot && !k.use.doubtful(): // "Transcript: Agent: Hello."
			known++
			if isLabelled(k.value) {
				known += few
			}
			return done(at + len(line) - len(strings.TrimLeft(line[strings.IndexByte(line, ':')+1:], " *_")))
		case k.value == "":
			return done(at)
		case seen[k.key], !certain && (k.side != Other || speaks(k, text[at+len(line):])):
			return done(at)
		case k.endsCall():
			known += few
		case k.use.slot != noSlot || certain && k.side == Other:
			known++
		}
		seen[k.key] = true
		if k.side != Other {
			seen[k.value] = true
			if hasForename(k.value) {
				named++
			}
		}
		head = append(head, k)
	}
	return 0, nil
}

// keyedFooter returns where the lines start that stand below a transcript and tell of the call, and what they say: one such as "Outcome: Lost",
// and others after it, or before it where a blank line is above them. It is the length of the text if there are none.
func keyedFooter(text string) (start int, foot []keyed) {
	const longest = 80
	start = len(text)
	var below []keyed // from the last on
	ends := false     // one of them says how the call ended
	doubtful := false // nothing shows that one after that tells of the call
	for at := len(text); ; {
		body := strings.TrimRightFunc(text[:at], unicode.IsSpace)
		if at < len(text) && strings.Count(text[len(body):at], "\n") > 1 { // a blank line is above
			if ends {
				start, foot = at, below
			}
			break
		}
		if at = strings.LastIndexAny(body, "\r\n") + 1; at == 0 || len(body)-at > longest {
			break
		}
		k, certain := readKeyed(body[at:])
		first, _, _ := strings.Cut(strings.ToLower(k.key), " ")
		if k.value == "" || k.side != Other || strings.Contains(text[:at], "\n"+k.key+":") {
			break
		}
		if !(certain && k.use.slot != noSlot) && !vocabulary[first].is(headingWord) {
			if ends || hasForename(k.key) || strings.IndexByte(".!?", body[len(body)-1]) >= 0 {
				break
			}
			doubtful = true
		}
		below = append(below, k)
		if k.endsCall() {
			ends = true
			first, _ := utf8.DecodeRuneInString(k.key)
			value := strings.ToLower(k.value)
			if !doubtful && unicode.IsUpper(first) && !(k.use.doubtful() && (slices.Contains(yesWords, value) || slices.Contains(noWords, value))) { // "Result: no" may be said
				start, foot = at, slices.Clone(below)
			}
		}
	}
	slices.Reverse(foot)
	return start, foot
}

// around returns where a transcript starts and ends in a text, and what the lines above and below tell of the call.
func around(text string) (start, end int, told []keyed) {
	start, told = keyedHeader(text)
	if start == 0 {
		start = recordedHeader(text)
	}
	end, below := keyedFooter(text)
	if end < start {
		end = len(text)
	}
	return start, end, append(told, below...)
}

// isTextKey reports whether a line is no more than a heading such as "Transcript:".
func isTextKey(line string) bool {
	u := find(callKeys, squeeze(line))
	return u.slot == textSlot && !u.doubtful()
}

// recordedHeader returns the length of what Teams writes above a transcript, which ends with "Jane Doe started transcription", 0 if there
// is none.
func recordedHeader(text string) int {
	const most = 10  // lines
	const near = 400 // bytes within which these are
	if !strings.Contains(text[:min(len(text), near)], " started transcription") {
		return 0
	}
	seen := 0
	for at, line := range lines(text) {
		if strings.HasSuffix(strings.TrimSpace(line), " started transcription") {
			return at + len(line)
		}
		if seen++; seen > most {
			break
		}
	}
	return 0
}

// isSeparator reports whether a line has nothing but signs such as "-----".
func isSeparator(line string) bool {
	const signs = "-=*_~#"
	return strings.IndexByte(signs, line[0]) >= 0 && len(strings.TrimSpace(line)) > 2 && strings.Trim(line, signs+" \t\r\n") == ""
}

// markdownTable returns the marks of the rows of tables in Markdown, of which one column is what was said and another who said it, or
// none. What is around the tables is nobody's.
func markdownTable(text string) (marks []mark) {
	if !strings.Contains(text, "|") || !hasRuler(text) {
		return nil
	}
	var columns []slot // of the table that the line is in
	header := ""
	headerAt := 0
	k := newKeys(nil)
	for at, line := range lines(text) {
		cells := tableCells(line)
		switch {
		case len(cells) > 1 && len(columns) == len(cells):
			marks = append(marks, rowMarks(at, line, cells, columns)...)
			continue
		case len(cells) > 1 && header != "" && isRuler(line):
			if columns = tableColumns(k, header); columns != nil {
				marks = append(marks, mark{start: headerAt, body: at + len(line), bare: at + len(line)})
			}
		case columns != nil && len(cells) < 2:
			columns = nil
			marks = append(marks, mark{start: at, body: at, bare: at, change: true})
		}
		if header, headerAt = line, at; len(cells) < 2 {
			header = ""
		}
	}
	return marks
}

// tableCells returns where the cells of a row in Markdown start and end.
func tableCells(line string) (cells [][2]int) {
	if !strings.Contains(line, "|") {
		return nil
	}
	end := len(strings.TrimRightFunc(line, unicode.IsSpace))
	from := len(line) - len(strings.TrimLeftFunc(line, unicode.IsSpace))
	if from < end && line[from] == '|' {
		from++
	}
	for i := from; i <= end; i++ {
		if i < end && (line[i] != '|' || line[i-1] == '\\') || i == end && i == from {
			continue
		}
		cells = append(cells, [2]int{from, i})
		from = i + 1
	}
	return cells
}

func hasRuler(text string) bool {
	for _, line := range lines(text) {
		if isRuler(line) {
			return true
		}
	}
	return false
}

// isRuler reports whether a row is the one below a header: "|---|:--:|".
func isRuler(line string) bool {
	return strings.Trim(line, "|:- \t\r\n") == "" && strings.Contains(line, "|") && strings.Contains(line, "-")
}

// tableColumns returns what the columns of a table are for, nil if it has no speakers or nothing that was said.
func tableColumns(k *keys, header string) (columns []slot) {
	var has [slots]bool
	for _, c := range tableCells(header) {
		s := k.turn(strings.Trim(header[c[0]:c[1]], " \t*_")).slot
		if has[s] && s != noSlot {
			s = noSlot
		}
		has[s] = true
		columns = append(columns, s)
	}
	if !has[textSlot] || !has[nameSlot] && !has[roleSlot] {
		return nil
	}
	return columns
}

// rowMarks returns the mark of a row, and the mark of what is in it after what was said.
func rowMarks(at int, line string, cells [][2]int, columns []slot) []mark {
	m := mark{start: at, bare: -1, form: voice}
	end := at
	for i, c := range cells {
		cell := line[c[0]:c[1]]
		switch columns[i] {
		case textSlot:
			m.body, end = at+c[0], at+c[1]
		case startSlot:
			t := readStamp(strings.Trim(cell, " \t*_"))
			m.from, m.to = t.from, t.to
		case nameSlot, roleSlot:
			name := strings.Trim(cell, " \t*_:")
			if m.name.speaker == "" || columns[i] == nameSlot {
				start := at + c[0] + strings.Index(cell, name)
				m.name = label{name, start, start + len(name)}
			}
		}
	}
	return []mark{m, {start: end, body: at + len(line), bare: at + len(line)}}
}

// nameLine is a line that stands above what is said.
type nameLine struct {
	mark
	like    likeness
	title   bool // a title or a firm is after the name
	section bool // it is the name of a part of the transcript instead, such as "Questions and Answers"
	listed  bool // nothing is said below it, as in a list of who takes part
	follows bool // the line above is one too
}

// headed returns the marks of a text whose speakers stand on lines of their own above paragraphs of what they say, as in transcripts
// of earnings calls: "Operator", "Jane Doe", "Jane Doe -- Northwind -- Analyst". It returns none where that is not certain: two
// names at least must come back, or have a title.
func headed(text string, roles Roles) (marks []mark) {
	var all []nameLine
	above, blank, last := "", true, false // the line above, whether it is blank, and whether it is the last of all
	for at, line := range lines(text) {
		if isBlank(line) {
			blank = true
			continue
		}
		if n := len(all) - 1; last && !blank && !all[n].section && !all[n].title && isJob(line) { // the title is on the next line
			all[n].body, all[n].title = at+len(line), true
			above = line
			continue
		}
		var h nameLine
		if blank || endsSaying(above) || last {
			if h = nameLineOf(at, line, roles); h.section && !blank {
				h = nameLine{}
			}
			h.spaced = blank
			h.follows = last && !blank
		}
		for i := len(all) - 1; last && h.name.speaker == "" && i >= 0 && all[i].listed; i-- { // the name of a part can be below that of who speaks
			if all[i].listed = false; !all[i].section {
				break
			}
		}
		if last = h.name.speaker != ""; last {
			all = append(all, h)
		}
		above, blank = line, false
	}
	times, titles := make(map[string]int), make(map[string]bool)
	for _, h := range all {
		if !h.section && !h.listed {
			times[h.name.speaker]++
			titles[h.name.speaker] = h.title
		}
	}
	certain := 0
	for name, n := range times {
		if n > 1 || titles[name] {
			certain++
		}
	}
	if certain < 2 {
		return nil
	}
	for _, h := range all {
		h.title = h.title && (h.spaced || h.like > fairName)
		switch {
		case h.section, h.listed && (h.spaced || h.follows) && (h.title || times[h.name.speaker] > 0):
			marks = append(marks, mark{start: h.start, body: h.body, bare: h.body})
		case !h.listed && (h.title || h.like == roleName || h.spaced && h.like > fairName || (h.spaced || h.like > fairName) && times[h.name.speaker] > 1):
			h.form = alone
			marks = append(marks, h.mark)
		}
	}
	return marks
}

// nameLineOf reads a line as such; one without a name is none.
func nameLineOf(at int, line string, roles Roles) (h nameLine) {
	const longest = 160
	s := strings.Trim(line, " \t\r\n*_:")
	if isBlank(s) || len(s) > longest || strings.IndexByte(".!?,;", s[len(s)-1]) >= 0 || strings.IndexByte("[(<|>-#", s[0]) >= 0 {
		return h
	}
	start := at + strings.Index(line, s)
	h = nameLine{mark: mark{start: at, body: at + len(line), bare: -1, name: label{s, start, start + len(s)}}, listed: true}
	colon := strings.HasSuffix(strings.TrimRight(line, " \t\r\n*_"), ":")
	if isSection(s, colon) {
		h.section = true
		return h
	}
	name := s
	for _, dash := range []string{" -- ", " - ", " – ", " — ", " | "} {
		if before, title, ok := strings.Cut(name, dash); ok {
			if !isTitle(title) {
				return nameLine{}
			}
			name, h.title = before, true
		}
	}
	for word := range strings.FieldsSeq(name) {
		if class := vocabulary[strings.ToLower(strings.Trim(word, ",.()"))]; class.is(headingWord) && !class.is(forename|title) {
			return nameLine{}
		}
	}
	if h.like = likenessOf(name, roles); h.like < fairName || colon || strings.Contains(name, ":") || numberLikeness(name) != noName {
		return nameLine{}
	}
	return h
}

// isSection reports whether a line, with a colon after it or not, names a part of a transcript.
func isSection(s string, colon bool) bool {
	const mostWords, shortWord = 5, 3
	words := strings.Fields(s)
	switch {
	case len(words) == 0 || len(words) > mostWords: // none in a line of unusual blanks
		return false
	case words[0] == "Duration:":
		return true
	}
	for _, word := range words {
		if c, _ := utf8.DecodeRuneInString(word); len(word) > shortWord && !unicode.IsUpper(c) && !colon {
			return false
		}
	}
	lower := strings.ToLower(s)
	return containsAny(lower, "participants", "remarks", "session", "questions", "question-and-answer", "q&a", "presentation")
}

// isJob reports whether a line is a job's title.
func isJob(line string) bool {
	const longest = 100
	s := strings.TrimSpace(line)
	return s != "" && len(s) <= longest && strings.IndexByte(".!?:", s[len(s)-1]) < 0 && isTitle(s) &&
		containsAny(strings.ToLower(s), "officer", "president", "director", "manager", "analyst", "executive", "founder", "head of", "chair", "partner", "counsel", "relations")
}

// isTitle reports whether what is after a name is a title or a firm: words with capitals, and small ones such as "of".
func isTitle(s string) bool {
	for word := range strings.FieldsSeq(s) {
		bare := strings.Trim(word, "(),.&/-–—|")
		if c, _ := utf8.DecodeRuneInString(bare); bare != "" && !unicode.IsUpper(c) && !isDigit(bare[0]) && !vocabulary[bare].is(joiner|particle) {
			return false
		}
	}
	return s != ""
}
