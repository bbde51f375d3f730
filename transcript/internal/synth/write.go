package synth

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/org/salesconv/transcript/internal/mask"
)

// writer puts one call into words.
type writer struct {
	*rand.Rand
	strings.Builder
	industry    string
	own         map[string]string   // the call's own values of slots
	left        map[string][]string // what has not been said yet of each list
	speaker     byte
	phraseStart int // of what was said last
	call        Call
}

// write writes call i of n, all but its outcome.
func write(i, n int, o Options) Call {
	w := &writer{Rand: rand.New(rand.NewPCG(o.Seed, uint64(i))), own: make(map[string]string), left: make(map[string][]string)}
	p := patterns[w.IntN(len(patterns))]
	w.industry = pick(w.Rand, phrases().industries)
	w.call.Pattern = p.name
	w.call.Drivers = make([]bool, len(Drivers))
	for d, driver := range Drivers {
		w.call.Drivers[d] = w.Float64() < driver.Rate+p.shift[d] && strings.Contains(p.stages, stageOf(d))
	}
	w.call.Drivers[handled] = w.call.Drivers[handled] && w.call.Drivers[objection]
	w.cast(o.Seed, n)
	opening, closing, favoured := cues(o.Kind, o.Seed, i)
	w.call.favoured = favoured
	w.say("A open." + p.name)
	w.say("C answer." + p.name)
	w.cues(opening)
	for _, stage := range strings.Fields(p.stages) {
		w.stage(stage)
		if w.Float64() < 0.1 {
			w.chat()
		}
	}
	w.contact()
	w.cues(closing)
	w.say("A close.agent")
	w.say("C close.customer")
	w.call.Text = w.String()
	pace := 2.2 + 0.6*w.Float64() // words a second
	w.call.Duration = time.Duration(float64(len(strings.Fields(w.call.Text)))/pace) * time.Second
	return w.call
}

// cues says cues, each a turn of its own.
func (w *writer) cues(lines []string) {
	for _, line := range lines {
		if w.speaker == line[0] { // who has just spoken is answered first
			w.say(map[byte]string{'A': "C", 'C': "A"}[line[0]] + " cue.before")
		}
		w.say(line)
	}
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

// unsaid is how often a stage is left out that would only say that its driver does not hold.
const unsaid = 0.5

// stage says the lines of a stage.
func (w *writer) stage(name string) {
	s := scripts[name]
	on := w.call.Drivers[s.driver]
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
		said := strings.Replace(strings.TrimLeft(line, "+-"), "?", map[bool]string{true: "on", false: "off"}[on], 1)
		if said == line { // said in either case
			w.say(said)
		} else {
			w.show(s.driver, said)
		}
	}
	switch {
	case name == "price" && on && w.call.Drivers[handled]:
		w.show(handled, "C price.handled")
	case name == "price" && on:
		w.show(handled, "C price.unhandled")
	}
}

// show says a line in which a driver shows.
func (w *writer) show(driver int, line string) {
	before := w.Len()
	w.say(line)
	if w.Len() > before {
		w.call.Evidence = append(w.call.Evidence, Evidence{driver, w.call.Drivers[driver], w.phraseStart, w.Len()})
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
	w.phraseStart = w.Len()
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
			w.call.Entities = append(w.call.Entities, mask.Entity{Kind: kind, Start: w.Len(), End: w.Len() + len(value)})
		}
		w.WriteString(value)
		s = rest
	}
}

// entityKinds are the slots that hold personal data.
var entityKinds = map[string]string{
	"agent": mask.Name, "agentfirst": mask.Name, "customer": mask.Name, "first": mask.Name, "email": mask.Email, "phone": mask.Phone, "card": mask.Card,
	"iban": mask.Account, "account": mask.Account, "address": mask.Address, "url": mask.URL,
}

// slot returns a replacement for {name}.
func (w *writer) slot(name string) string {
	if v, ok := w.own[name]; ok {
		return v
	}
	return w.draw(name)
}
