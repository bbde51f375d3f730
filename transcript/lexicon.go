package transcript

import (
	"strings"
	"unicode"
)

// The lexicon is small and general: words of plain praise and blame in business talk, and turns of phrase by which price,
// a next step and an objection are brought up. It is meant for shares and trends over a call, not for single sentences.
var lexicon = func() map[string]meaning {
	m := make(map[string]meaning)
	add := func(what meaning, words string) {
		for line := range strings.Lines(words) {
			for phrase := range strings.SplitSeq(line, ",") {
				if phrase = strings.TrimSpace(phrase); phrase != "" {
					m[phrase] |= what
				}
			}
		}
	}
	add(praise, `good, great, excellent, perfect, wonderful, fantastic, amazing, awesome, nice, lovely, love, like, liked, happy,
		glad, pleased, pleasure, delighted, excited, thank, thanks, appreciate, appreciated, helpful, help, helps, useful, easy,
		easier, simple, clear, interested, interesting, impressive, impressed, best, better, benefit, benefits, improve, improved,
		save, saves, saving, savings, trust, confident, comfortable, convinced, agree, agreed, deal, sure, absolutely,
		definitely, certainly, exactly, yes, yeah, fine, fair, ready, welcome, valuable, worth, worthwhile, reliable, recommend,
		recommended, solid, smooth, fast, quick, win, successful, success, congratulations, proud, kind, friendly, works, suits`)
	add(blame, `bad, poor, terrible, horrible, awful, worst, worse, hate, dislike, unhappy, sad, angry, annoyed, annoying,
		frustrated, frustrating, disappointed, disappointing, upset, worried, worry, concern, concerns, concerned, afraid, doubt,
		doubts, doubtful, skeptical, sceptical, unsure, confused, confusing, complicated, difficult, hard, problem, problems,
		trouble, issue, issues, complain, complaint, complaints, fail, failed, fails, failure, broken, wrong, mistake, error, slow,
		late, delay, delays, waste, wasted, expensive, overpriced, pricey, costly, steep, risk, risky, scam, spam, cancel, canceled,
		cancelled, refuse, reject, rejected, no, unfortunately, sorry, busy, stop, lose, losing, lost, miss, missed, lacking,
		useless, pointless, stuck, frozen, penalty`)
	add(negation, `not, no, never, without, hardly, don't, doesn't, didn't, isn't, aren't, wasn't, weren't, won't, wouldn't, can't,
		cannot, couldn't, shouldn't, nothing, neither, nor`)
	add(priceTalk, `price, prices, pricing, cost, costs, budget, budgets, fee, fees, discount, discounts, quote, rate, rates, pay,
		paying, payment, payments, afford, cheap, cheaper, expensive, overpriced, pricey, costly, steep, dollar, dollars, euro,
		euros, pound, pounds, invoice, money, per month, per year, a month, a year`)
	add(nextStepTalk, `next step, next steps, follow up, next week, schedule, scheduled, calendar, diary, appointment, invite, invitation,
		demo, trial, pilot, contract, sign, send you, send me, call you, call me, call back, get back, meeting, meet, set up,
		let's do, move forward, go ahead, get started`)
	add(objectionTalk, `too expensive, too much, too high, too long, too busy, not interested, not sure, no need, don't need, don't want,
		can't afford, cannot afford, no budget, think about it, think it over, not now, not today, already have, happy with,
		but, however, although, concern, concerned, concerns, worried, hesitant, afraid, doubt, convinced, steep, run it past,
		have to ask, talk to my, check with, not convinced, send me, get in touch, rather not, bad time`)
	return m
}()

// meaning is a set of what a word or a phrase of up to three words stands for.
type meaning uint8

const (
	praise meaning = 1 << iota
	blame
	negation
	priceTalk
	nextStepTalk
	objectionTalk
)

// tally counts what a text says.
type tally struct {
	words, questions            int
	price, nextStep, objections int
	positive, negative          int
}

func (t *tally) add(u tally) {
	t.words += u.words
	t.questions += u.questions
	t.price += u.price
	t.nextStep += u.nextStep
	t.objections += u.objections
	t.positive += u.positive
	t.negative += u.negative
}

// sentiment is between -1 and 1: positive less negative words over their number, drawn to 0 where they are few.
func (t tally) sentiment() float64 {
	return float64(t.positive-t.negative) / float64(t.positive+t.negative+1)
}

// tallyOf tallies a text. Phrases and negations end with their clause; a word of praise or blame up to two words after
// a negation counts for the contrary.
func tallyOf(text string) tally {
	t := tally{questions: strings.Count(text, "?"), price: strings.Count(text, "$") + strings.Count(text, "€") + strings.Count(text, "£")}
	text = strings.ReplaceAll(strings.ToLower(text), "’", "'")
	for clause := range strings.FieldsFuncSeq(text, func(c rune) bool { return strings.ContainsRune(".,;:!?\n", c) }) {
		var before [2]string
		negated := 0 // for how many words still
		for word := range strings.FieldsFuncSeq(clause, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsNumber(c) && c != '\'' }) {
			t.words++
			means := lexicon[word]
			pair := before[1] + " " + word
			phrases := means | lexicon[pair] | lexicon[before[0]+" "+pair]
			t.price += bit(phrases, priceTalk)
			t.nextStep += bit(phrases, nextStepTalk)
			t.objections += bit(phrases, objectionTalk)
			good, bad := bit(means, praise), bit(means, blame)
			if negated > 0 {
				good, bad = bad, good
			}
			t.positive += good
			t.negative += bad
			negated--
			if means&negation != 0 {
				negated = 2
			}
			before = [2]string{before[1], word}
		}
	}
	return t
}

func bit(m, of meaning) int {
	if m&of != 0 {
		return 1
	}
	return 0
}
