package transcript

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// wonWords and lostWords are labels as labelWords writes them.
var (
	wonWords = []string{"won", "win", "w", "closed won", "closedwon", "deal won", "yes", "y", "true", "t", "converted", "sale", "sold", "purchased",
		"conversion", "success", "successful", "positive", "accepted", "booked", "meeting booked", "appointment booked", "demo booked", "signed", "enrolled", "contract signed",
		"gewonnen", "ja", "j", "wahr", "verkauft", "verkauf", "abschluss", "abgeschlossen", "erfolg", "erfolgreich", "gekauft", "angenommen", "zusage", "positiv", "gebucht", "termin", "termin vereinbart", "auftrag",
		"gagné", "gagnée", "oui", "vrai", "vendu", "vendue", "vente", "accepté", "réussi", "ganado", "ganada", "sí", "si", "verdadero", "vendido", "vendida", "venta",
		"aceptado", "vinto", "vinta", "sì", "vero", "venduto", "venduta", "vendita", "accettato", "ganho", "ganha", "sim", "verdadeiro", "venda", "aceito", "verkocht",
		"bought", "sale made", "成交", "成功", "赢单", "是", "成約", "受注", "はい", "성공", "да", "успех", "продано", "сделка", "tak", "wygrana", "sprzedano", "evet"}
	lostWords = []string{"lost", "loss", "l", "closed lost", "closedlost", "deal lost", "no", "n", "false", "f", "not converted", "unconverted",
		"non converted", "no sale", "not sold", "unsold", "not purchased", "did not purchase",
		"no conversion", "did not convert", "not bought", "did not buy", "declined", "failure", "failed", "fail", "unsuccessful", "negative", "rejected", "not won",
		"not booked", "not signed", "not enrolled", "not interested", "no deal",
		"verloren", "nein", "falsch", "nicht verkauft", "kein verkauf", "kein abschluss", "kein interesse", "kein termin", "kein auftrag", "nicht abgeschlossen", "nicht gewonnen", "nicht gekauft",
		"abgelehnt", "absage", "negativ", "misserfolg", "erfolglos", "nicht erfolgreich", "perdu", "perdue", "non", "faux", "refusé", "échec", "non vendu", "pas de vente",
		"pas intéressé", "perdido", "perdida", "falso", "rechazado", "no vendido", "sin venta", "no interesado", "perso", "persa", "rifiutato", "non venduto", "não", "nao",
		"recusado", "não vendido", "sem interesse", "nee", "niet verkocht",
		"未成交", "失败", "失敗", "输单", "否", "不成約", "失注", "いいえ", "실패", "нет", "отказ", "nie", "przegrana", "hayır"}
	// signs of a check list
	signs = map[string]Outcome{"✓": Won, "✔": Won, "✅": Won, "☑": Won, "✗": Lost, "✘": Lost, "❌": Lost, "✖": Lost, "☐": Lost}
	// and where it is not known
	openWords = []string{"na", "unknown", "open", "pending", "in progress", "offen", "unbekannt", "in bearbeitung", "ausstehend", "k a", "ouvert", "inconnu",
		"en cours", "abierto", "pendiente", "desconocido", "aperto", "in corso", "aberto", "pendente", "desconhecido"}
)

// outcome reads a label: the words that the caller named, 1 and 0, and the usual words. Nothing, or a word for nothing,
// is Unknown.
func (o Reader) outcome(label string) (Outcome, error) {
	label = strings.TrimSpace(label)
	words := labelWords(label)
	is := func(named string) bool {
		return strings.TrimSpace(named) == label || words != "" && labelWords(named) == words
	}
	n, err := strconv.ParseFloat(strings.Replace(label, ",", ".", 1), 64)
	sign := signs[strings.TrimSuffix(label, "\ufe0f")]
	switch {
	case slices.ContainsFunc(o.Won, is):
		return Won, nil
	case slices.ContainsFunc(o.Lost, is):
		return Lost, nil
	case sign != Unknown:
		return sign, nil
	case isMissing(label), label == "-", slices.Contains(openWords, words):
		return Unknown, nil
	case err == nil && n == 1, slices.Contains(wonWords, words):
		return Won, nil
	case err == nil && n == 0, slices.Contains(lostWords, words):
		return Lost, nil
	}
	switch won, lost := hasWord(words, "won"), hasWord(words, "lost"); { // "6 - Closed Lost (Price)"
	case hasWord(words, "not") || won == lost:
	case won:
		return Won, nil
	default:
		return Lost, nil
	}
	return Unknown, fmt.Errorf("the label is %s; want 1 or 0, won or lost, yes or no, or nothing where it is unknown "+
		"(Reader.Won and Reader.Lost name other words)", clip(strconv.Quote(label)))
}

func hasWord(words, word string) bool { return strings.Contains(" "+words+" ", " "+word+" ") }

// labelWords returns a label in small letters, with one blank for whatever parts its words.
func labelWords(label string) string {
	words := strings.FieldsFunc(strings.ToLower(label), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	return strings.Join(words, " ")
}

var missing = map[string]bool{"": true, "nan": true, "null": true, "none": true, "n/a": true, "#n/a": true, "<na>": true, "nat": true, "#value!": true,
	"#ref!": true, "#div/0!": true, "#name?": true, "#num!": true}

// isAnswer reports whether a value that tables have for none is also what somebody says.
func isAnswer(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	return s == "none" || s == "n/a"
}

// isMissing reports whether a value is one that tables have for none.
func isMissing(s string) bool {
	const longest = 7
	s = strings.TrimSpace(s)
	return len(s) <= longest && missing[strings.ToLower(s)]
}
