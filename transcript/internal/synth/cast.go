package synth

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/org/salesconv/transcript/internal/mask"
)

// agents is how many agents there are: a quarter of the sample is then of 11, enough for an interval over agents to mean something.
const agents = 44

// cast draws who speaks to whom about what.
func (w *writer) cast(seed uint64, n int) {
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
	w.call.Industry, w.call.Product = w.industry, w.own["product"]
	w.call.AgentID, w.call.AgentName = fmt.Sprintf("A%02d", agent+1), w.own["agent"]
	w.call.Time = day.Add(time.Duration(minute) * time.Minute)
	w.call.CompanySize = pick(w.Rand, []string{"1-10", "11-50", "51-200", "201-1000", "1000+"})
	w.call.CustomerID = fmt.Sprintf("C%05d", w.IntN(max(1, n*2/3))+1)
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
	for !mask.Luhn(digits) {
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
	s := country + fmt.Sprintf("%02d", 98-mask.Mod97(account+country+"00")) + account
	if r.IntN(3) == 0 {
		return s
	}
	var groups []string
	for group := range slices.Chunk([]byte(s), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}
