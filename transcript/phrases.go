package transcript

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed phrases.txt
var phraseText string

// phrases are the lists of phrases.txt by name, and the industries in their order there.
var phrases = sync.OnceValue(func() (p struct {
	lists      map[string][]string
	industries []string
}) {
	p.lists = parseLists(phraseText)
	for line := range strings.Lines(phraseText) {
		if industry, ok := strings.CutPrefix(line, "[product@"); ok {
			p.industries = append(p.industries, strings.TrimSuffix(industry, "]\n"))
		}
	}
	return p
})

// parseLists reads lists of lines by their names, which stand in brackets above them; blank lines and lines that start
// with # are left out.
func parseLists(text string) map[string][]string {
	lists := make(map[string][]string)
	name := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			name = strings.Trim(line, "[]")
		default:
			lists[name] = append(lists[name], line)
		}
	}
	return lists
}

// writer puts one call into words.
type writer struct {
	*rand.Rand
	strings.Builder
	industry string
	own      map[string]string   // the call's own values of slots
	left     map[string][]string // what has not been said yet of each list
	speaker  byte
	truth    Truth
}

// generate writes call i of n, all but its outcome.
func generate(i, n int, seed uint64) (Call, Truth) {
	w := &writer{Rand: rand.New(rand.NewPCG(seed, uint64(i))), own: make(map[string]string), left: make(map[string][]string)}
	p := patterns[w.IntN(len(patterns))]
	w.industry = pick(w.Rand, phrases().industries)
	w.truth.Pattern = p.name
	w.truth.Drivers = make([]bool, len(drivers))
	for d, driver := range drivers {
		w.truth.Drivers[d] = w.Float64() < driver.Rate+p.shift[d] && strings.Contains(p.stages, stageOf(d))
	}
	w.truth.Drivers[handled] = w.truth.Drivers[handled] && w.truth.Drivers[objection]
	m := w.cast(seed, n)
	w.say("A open." + p.name)
	w.say("C answer." + p.name)
	for _, stage := range strings.Fields(p.stages) {
		w.stage(stage)
		if w.Float64() < 0.1 {
			w.chat()
		}
	}
	w.contact()
	w.say("A close.agent")
	w.say("C close.customer")
	text := w.String()
	pace := 2.2 + 0.6*w.Float64() // words a second
	m.Duration = time.Duration(float64(len(strings.Fields(text)))/pace) * time.Second
	c := Call{ID: fmt.Sprintf("synthetic-%04d", i+1), Text: text, Metadata: m}
	c.read()
	return c, w.truth
}

// stageOf returns the stage where a driver shows.
func stageOf(driver int) string {
	for name, s := range scripts {
		if s.driver == driver {
			return name
		}
	}
	return "price" // handled
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

const agents = 12

// cast draws who speaks to whom about what, and returns the metadata that say so.
func (w *writer) cast(seed uint64, n int) Metadata {
	agent := w.IntN(agents)
	team := rand.New(rand.NewPCG(seed, agentStream))
	forenames, surnames := team.Perm(len(w.list("forename"))), team.Perm(len(w.list("surname")))
	agentFirst, agentLast := w.list("forename")[forenames[agent]], w.list("surname")[surnames[agent]]
	first := w.list("forename")[forenames[agents+w.IntN(len(forenames)-agents)]]
	last := w.list("surname")[surnames[agents+w.IntN(len(surnames)-agents)]]
	w.own = map[string]string{
		"agent": agentFirst + " " + agentLast, "agentfirst": agentFirst, "customer": first + " " + last, "first": first,
		"industry": strings.ToLower(w.industry), "price": dollars(40 + w.IntN(900)), "amount": dollars(10 + w.IntN(90)),
		"order": fmt.Sprintf("%c%c-%05d", 'A'+rune(w.IntN(26)), 'A'+rune(w.IntN(26)), w.IntN(100000)),
	}
	for _, slot := range []string{"vendor", "company", "product", "pain", "rival", "boss", "daytime"} {
		w.own[slot] = pick(w.Rand, w.list(slot))
	}
	w.details(first, last)
	day := time.Date(2025, 1, 6, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 7*w.IntN(50)+w.IntN(5))
	hours := map[string]int{"morning": 8, "afternoon": 13, "day": 11}
	minute := hours[w.own["daytime"]]*60 + w.IntN(4*60)
	return Metadata{
		Industry: w.industry, Product: w.own["product"], AgentID: fmt.Sprintf("A%02d", agent+1),
		CallTime:    day.Add(time.Duration(minute) * time.Minute),
		CompanySize: pick(w.Rand, []string{"1-10", "11-50", "51-200", "201-1000", "1000+"}),
		Extra: map[string]json.RawMessage{
			"source":      json.RawMessage(`"synthetic"`),
			"agent_name":  json.RawMessage(`"` + w.own["agent"] + `"`),
			"customer_id": json.RawMessage(fmt.Sprintf(`"C%05d"`, w.IntN(max(1, n*2/3))+1)),
		},
	}
}

// dollars writes a price in hundreds.
func dollars(hundreds int) string {
	if hundreds < 10 {
		return fmt.Sprintf("$%d00", hundreds)
	}
	return fmt.Sprintf("$%d,%d00", hundreds/10, hundreds%10)
}

// details draws how the customer is reached and pays. Mail and web addresses are in the domains and telephone numbers in
// the ranges that are kept for examples; card and account numbers have their right check digits.
func (w *writer) details(first, last string) {
	firm := strings.ToLower(strings.Fields(w.own["company"])[0])
	domain := firm + "." + pick(w.Rand, w.list("domain"))
	mail := []string{first + "." + last, first[:1] + last, first + fmt.Sprint(1+w.IntN(99)), "office+" + last}
	w.own["email"] = strings.ToLower(pick(w.Rand, mail)) + "@" + domain
	w.own["url"] = pick(w.Rand, []string{"https://www." + domain, "www." + domain + "/contact", "https://" + domain + "/offer?ref=" + fmt.Sprint(w.IntN(1000))})
	line := w.IntN(100)
	w.own["phone"] = pick(w.Rand, []string{
		fmt.Sprintf("(212) 555-01%02d", line), fmt.Sprintf("+1 415 555 01%02d", line), fmt.Sprintf("312-555-01%02d", line),
		fmt.Sprintf("+44 7700 9001%02d", line), fmt.Sprintf("020 7946 01%02d", line), fmt.Sprintf("+49 30 2312 5%03d", 100+line)})
	w.own["address"] = fmt.Sprintf("%d %s, %s", 1+w.IntN(199), pick(w.Rand, w.list("street")), pick(w.Rand, w.list("town")))
	w.own["account"] = fmt.Sprintf("%08d", w.IntN(1e8))
	w.own["card"] = cardNumber(w.Rand)
	w.own["iban"] = iban(w.Rand)
}

// cardNumber draws a number of 16 digits with a right check digit, written in one of the usual ways.
func cardNumber(r *rand.Rand) string {
	digits := []byte(fmt.Sprintf("4%014d0", r.Int64N(1e14)))
	for !luhn(digits) {
		digits[15]++
	}
	s := string(digits)
	gap := pick(r, []string{" ", "-", ""})
	return strings.Join([]string{s[:4], s[4:8], s[8:12], s[12:]}, gap)
}

// iban draws an account number of one of two countries with right check digits, in groups of four or unbroken.
func iban(r *rand.Rand) string {
	country, account := "DE", fmt.Sprintf("%08d%010d", r.IntN(1e8), r.Int64N(1e10))
	if r.IntN(2) == 0 {
		country, account = "GB", fmt.Sprintf("ARDN%06d%08d", r.IntN(1e6), r.IntN(1e8))
	}
	s := country + fmt.Sprintf("%02d", 98-mod97(account+country+"00")) + account
	if r.IntN(3) == 0 {
		return s
	}
	var groups []string
	for group := range slices.Chunk([]byte(s), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}

// unsaid is how often a stage is left out that would only say that its driver does not hold.
const unsaid = 0.5

// stage says the lines of a stage.
func (w *writer) stage(name string) {
	s := scripts[name]
	on := w.truth.Drivers[s.driver]
	if !on && w.Float64() < unsaid {
		return
	}
	if name == "next" { // what is proposed and what is accepted are the same
		for _, slot := range []string{"day", "hour"} {
			w.own[slot] = w.draw(slot)
		}
	}
	for _, line := range s.lines {
		if line[0] == '+' && !on || line[0] == '-' && on {
			continue
		}
		w.say(strings.Replace(strings.TrimLeft(line, "+-"), "?", map[bool]string{true: "on", false: "off"}[on], 1))
	}
	switch {
	case name == "price" && on && w.truth.Drivers[handled]:
		w.say("C price.handled")
	case name == "price" && on:
		w.say("C price.unhandled")
	}
}

// chat says something irrelevant to the outcome.
func (w *writer) chat() {
	if w.IntN(2) == 0 {
		w.say("A chat.agent")
		w.say("C chat.reply")
	} else {
		w.say("C chat.customer")
		w.say("A chat.reply")
	}
}

// contact has the customer's details taken down, some of them.
func (w *writer) contact() {
	if w.IntN(3) == 0 {
		return
	}
	w.say("A contact.ask")
	kinds := []string{"email", "phone", "address", "card", "iban", "account", "url", "order"}
	for _, k := range w.Perm(len(kinds))[:1+w.IntN(3)] {
		w.say("C contact." + kinds[k])
	}
	w.say("A contact.thanks")
}

// say lets a speaker say a phrase of a list: "A need.ask", or "A need.ask 0.5" in half of the calls.
func (w *writer) say(line string) {
	name := line[2:]
	if k := strings.LastIndexByte(name, ' '); k >= 0 {
		if odds, err := strconv.ParseFloat(name[k+1:], 64); err == nil {
			if w.Float64() >= odds {
				return
			}
			name = name[:k]
		}
	}
	start := w.speaker != line[0]
	switch {
	case !start:
		w.WriteByte(' ')
	case w.Len() > 0:
		w.WriteByte('\n')
	}
	if start {
		w.WriteString(map[byte]string{'A': "Agent: ", 'C': "Customer: "}[line[0]])
	}
	w.speaker = line[0]
	w.phrase(w.draw(name), start)
}

// phrase writes a phrase, at the start of a turn sometimes after a filler.
func (w *writer) phrase(s string, start bool) {
	filler := ""
	if start && w.Len() > len("Agent: ") && w.Float64() < 0.3 {
		filler = w.draw("filler." + map[bool]string{true: "agent", false: "customer"}[w.speaker == 'A'])
		w.WriteString(filler + " ")
	}
	goesOn := strings.HasSuffix(filler, ",")
	if word, _, _ := strings.Cut(s, " "); goesOn && word != "I" && !strings.HasPrefix(word, "I'") {
		s = strings.ToLower(s[:1]) + s[1:]
	}
	for first := !goesOn; ; first = false {
		before, after, found := strings.Cut(s, "{")
		w.WriteString(before)
		if !found {
			return
		}
		name, rest, _ := strings.Cut(after, "}")
		value := w.slot(name)
		if first && before == "" {
			value = strings.ToUpper(value[:1]) + value[1:]
		}
		if kind, ok := entityKinds[name]; ok {
			w.truth.Entities = append(w.truth.Entities, Entity{kind, w.Len(), w.Len() + len(value)})
		}
		w.WriteString(value)
		s = rest
	}
}

// entityKinds are the slots that hold personal data.
var entityKinds = map[string]Kind{
	"agent": Name, "agentfirst": Name, "customer": Name, "first": Name, "email": Email, "phone": Phone, "card": Card,
	"iban": Account, "account": Account, "address": Address, "url": URL,
}

// slot returns a replacement for {name}.
func (w *writer) slot(name string) string {
	if v, ok := w.own[name]; ok {
		return v
	}
	return w.draw(name)
}

// list returns the list of a name for the call's industry.
func (w *writer) list(name string) []string {
	lists := phrases().lists
	if l, ok := lists[name+"@"+w.industry]; ok {
		return l
	}
	return lists[name]
}

// draw returns an entry of a list that the call has not had yet, as long as there are any.
func (w *writer) draw(name string) string {
	left := w.left[name]
	if len(left) == 0 {
		left = slices.Clone(w.list(name))
		w.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
	}
	w.left[name] = left[1:]
	return left[0]
}
