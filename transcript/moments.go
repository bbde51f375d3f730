package transcript

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// moment is a time as it was read.
type moment struct {
	seconds float64 // since the start of the call, or since 1970 where it is dated
	bare    bool    // it is a number, and what it counts is not known
	dated   bool
	known   bool
}

// fromEpoch is from how many seconds on a number counts from 1970, since no call takes three years.
const fromEpoch = 1e8

// momentOf reads a time: a number, which counts units where they are known, a duration or a date, or an object of these.
func momentOf(v value, unit time.Duration) moment {
	switch v.kind() {
	case '{':
		return momentOfObject(v)
	case 0, 'n', '[', 't', 'f':
		return moment{}
	case '"':
		return parseMoment(v.text(), unit)
	}
	return parseMoment(string(v.bytes()), unit)
}

func parseMoment(s string, unit time.Duration) moment {
	s = strings.TrimSpace(s)
	n, err := parseNumber(s)
	switch {
	case err == nil && (math.IsNaN(n) || n < 0 || n > 1e18):
		return moment{}
	case err == nil && unit != 0:
		n *= unit.Seconds()
		return moment{n, false, n >= fromEpoch, true}
	case err == nil && n >= 1000*fromEpoch: // milliseconds
		return moment{n / 1000, false, true, true}
	case err == nil && n >= fromEpoch:
		return moment{n, false, true, true}
	case err == nil:
		return moment{n, true, false, true}
	}
	if d, ok := parseDuration(s); ok {
		return moment{d.Seconds(), false, false, true}
	}
	if t, ok := parseTime(s); ok {
		return moment{float64(t.UnixNano()) / 1e9, false, true, true}
	}
	return moment{}
}

// momentOfObject reads {"seconds": "3", "nanos": 500000000}, {"milliseconds": 3500} and {"relative": 3.5}.
func momentOfObject(v value) (m moment) {
	for part := range v.all() {
		unit := time.Second
		switch strings.ToLower(part.key()) {
		case "seconds", "relative":
		case "milliseconds", "millis":
			unit = time.Millisecond
		case "nanos", "nanoseconds":
			unit = time.Nanosecond
		default:
			continue
		}
		if p := momentOf(part, unit); p.known {
			m = moment{m.seconds + p.seconds, false, p.dated || m.dated, true}
		}
	}
	return m
}

func duration(seconds float64) time.Duration {
	return time.Duration(math.Round(seconds * float64(time.Second)))
}

// parseDuration reads seconds, "mm:ss", "hh:mm:ss", Go's notation ("12m34s"), ISO 8601 ("PT12M34S") and words ("12 min
// 34 sec").
func parseDuration(s string) (time.Duration, bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, false
	}
	if n, err := parseNumber(s); err == nil {
		return duration(n), n >= 0 && n < 1e9
	}
	days := time.Duration(0)
	if n, rest, ok := strings.Cut(s, " days "); ok { // of pandas
		if k, v := digits(n); k == len(n) && k < 4 {
			days, s = time.Duration(v)*24*time.Hour, rest
		}
	}
	if d, n := clock(s); n > 0 {
		switch unit, known := durationUnits[strings.ToLower(strings.TrimSpace(s[n:]))]; {
		case n == len(s), known && unit == time.Minute, known && strings.Count(s[:n], ":") == 2:
			return days + d, true
		case known && unit == time.Hour: // "1:30 h"
			return days + 60*d, true
		}
	}
	d, ok := parseParts(minuteMarks.Replace(s))
	return days + d, ok
}

// minuteMarks spells out the signs of 12'30".
var minuteMarks = strings.NewReplacer("'", "m", "′", "m", `"`, "s", "″", "s")

// parseNumber reads a number whose decimals follow a point or a comma, "1,234.5" and, as of thousands, "1,234".
func parseNumber(s string) (float64, error) {
	whole, rest, comma := strings.Cut(s, ",")
	switch {
	case !comma:
	case len(whole) < 4 && whole != "0" && len(rest) >= 3 && (len(rest) == 3 || rest[3] == '.' || rest[3] == ','):
		s = strings.ReplaceAll(s, ",", "")
	default:
		s = whole + "." + rest
	}
	return strconv.ParseFloat(s, 64)
}

// parseParts reads numbers with units.
func parseParts(s string) (total time.Duration, ok bool) {
	s = strings.ToLower(s)
	if iso, is := strings.CutPrefix(s, "p"); is {
		s = strings.Replace(iso, "t", " ", 1)
	}
	for {
		s = strings.TrimLeft(strings.TrimPrefix(strings.TrimLeft(s, " ,"), "and "), " ,")
		if s == "" {
			return total, ok
		}
		n := strings.IndexFunc(s, func(c rune) bool { return (c < '0' || c > '9') && c != '.' && c != ',' })
		if n <= 0 {
			return 0, false
		}
		number, err := parseNumber(s[:n])
		s = strings.TrimLeft(s[n:], " ")
		n = strings.IndexFunc(s, func(c rune) bool { return c < 'a' || c > 'z' })
		if n < 0 {
			n = len(s)
		}
		unit, known := durationUnits[s[:n]]
		if err != nil || !known || number*unit.Hours() > 1e6 {
			return 0, false
		}
		total, ok = total+duration(number*unit.Seconds()), true
		s = strings.TrimPrefix(s[n:], ".")
	}
}

var durationUnits = map[string]time.Duration{
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	"h": time.Hour, "hr": time.Hour, "hrs": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"ms": time.Millisecond, "msec": time.Millisecond, "millisecond": time.Millisecond, "milliseconds": time.Millisecond,
	"us": time.Microsecond, "ns": time.Nanosecond,
}

// days and clocks are the layouts of dates and times of day that are read: ISO, American, German, and with names of months.
var (
	days = []string{"2006-1-2", "1/2/2006", "Jan 2 2006", "January 2 2006", "2 Jan 2006", "2 January 2006", "2.1.2006",
		"2-Jan-2006", "1/2/06", "2-Jan-06", "2006/1/2", "20060102", "2.1.06", "Jan-2-2006", "2006.1.2"}
	clocks = []string{"15:4:5", "15:4", "3:4:5PM", "3:4PM"}
)

// parseTime reads a date with or without a time of day and a zone, or a number of seconds or milliseconds since 1970.
// Without a zone it is UTC. Where slashes part day and month the month comes first. A name of a zone is read if it is that of
// one offset. A number from 1955 on is a day of Excel's.
func parseTime(s string) (time.Time, bool) {
	if strings.HasSuffix(s, "Z") { // as most programs write
		if t, err := time.Parse(time.RFC3339, s); err == nil {
			return t, true
		}
	}
	if n, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64); err == nil && n >= 20_000 && n < 80_000 {
		return excelEpoch.Add(time.Duration(math.Round(n*24*60*60)) * time.Second), true
	}
	if len(s) >= len("1000000000") && strings.Trim(s, "0123456789.") == "" {
		if n, err := strconv.ParseFloat(s, 64); err == nil {
			if n >= 1000*fromEpoch {
				n /= 1000
			}
			return time.UnixMilli(int64(math.Round(n * 1000))).UTC(), n >= fromEpoch && n < 1000*fromEpoch
		}
	}
	words := dateWords(s)
	day, clock := strings.Join(words, " "), ""
	if colon := strings.IndexByte(day, ':'); colon >= 0 {
		blank := strings.LastIndexAny(day[:colon], " Tt")
		if blank < 0 {
			return time.Time{}, false
		}
		day, clock = day[:blank], day[blank+1:]
	}
	for _, layout := range days {
		t, err := time.Parse(layout, day)
		if err != nil {
			continue
		}
		offset, ok := parseClock(clock)
		return t.Add(offset), ok
	}
	return time.Time{}, false
}

// excelEpoch is day 0 of Excel's numbers for days after February 1900.
var excelEpoch = time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC)

// aroundDates turns signs that mean nothing in a date into blanks.
var aroundDates = strings.NewReplacer(",", " ", "(", " ", ")", " ")

// dateWords returns the words of a date that count, in English, with the time of day after the day, and colons in it.
func dateWords(s string) []string {
	if day, rest := s[:min(8, len(s))], s[min(8, len(s)):]; len(rest) > 4 && rest[0] == 'T' && strings.Trim(day+rest[1:5], "0123456789") == "" { // 20260305T153000Z
		s = day + " " + rest[1:3] + ":" + rest[3:5]
		if rest = rest[5:]; len(rest) > 1 && isDigit(rest[0]) && isDigit(rest[1]) {
			s += ":"
		}
		s += rest
	}
	var words []string
	for w := range strings.FieldsSeq(aroundDates.Replace(s)) {
		lower := strings.TrimSuffix(strings.ToLower(w), ".")
		n, _ := digits(w)
		if month, named := monthNames[lower]; named {
			w = month.String()
		} else if lower == "a.m" || lower == "p.m" {
			w = lower[:1] + "m"
		} else if n > 0 && n < 3 && slices.Contains([]string{".", "st", "nd", "rd", "th", "er", "º", "ª"}, strings.ToLower(w[n:])) {
			w = w[:n]
		} else if hour, minute, point := cutAny(w, ".h"); point && len(words) > 0 && len(hour) <= 2 && len(minute) == 2 && isPlainDigits(hour+minute) { // 15.30
			w = hour + ":" + minute
		}
		if !dateFillers[lower] {
			words = append(words, w)
		}
	}
	last := len(words) - 1
	clock := slices.IndexFunc(words, func(w string) bool { return strings.Contains(w, ":") })
	if clock > 0 && clock < last && len(words[last]) == len("2006") && strings.Trim(words[last], "0123456789") == "" { // Thu Mar 5 15:30:00 2026
		words = slices.Insert(words[:last], clock, words[last])
	}
	return words
}

// cutAny is strings.Cut at the first of some characters.
func cutAny(s, chars string) (before, after string, found bool) {
	i := strings.IndexAny(s, chars)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

func isPlainDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// monthNames are the names of months and their usual short forms, without the point, in English, German, French, Spanish,
// Italian, Portuguese and Dutch.
var monthNames = func() map[string]time.Month {
	names := make(map[string]time.Month)
	for i, list := range []string{
		"january jan januar jänner janvier janv enero ene gennaio gen janeiro januari",
		"february feb februar februari février févr fév febrero febbraio fevereiro fev",
		"march mar märz mär mrz mars marzo março maart mrt",
		"april apr avril avr abril abr aprile",
		"may mai mayo maggio mag maio mei",
		"june jun juni juin junio giugno giu junho",
		"july jul juli juillet juil julio luglio lug julho",
		"august aug août agosto ago augustus",
		"september sep sept septembre septiembre settembre set setembro",
		"october oct oktober okt octobre octubre ottobre ott outubro out",
		"november nov novembre noviembre novembro",
		"december dec dezember dez décembre déc diciembre dic dicembre dezembro",
	} {
		for name := range strings.FieldsSeq(list) {
			names[name] = time.Month(i + 1)
		}
	}
	return names
}()

// dateFillers are words of a date that say nothing more: days of the week, and what joins day, month and time of day.
var dateFillers = func() map[string]bool {
	fillers := make(map[string]bool)
	for word := range strings.FieldsSeq(`at um uhr de del le el den der à a las às alle om
		monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
		montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so
		lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo
		lunedì martedì mercoledì giovedì venerdì sabato domenica maandag dinsdag woensdag donderdag vrijdag zaterdag zondag`) {
		fillers[word] = true
	}
	return fillers
}()

// zones are the offsets in hours of zones whose names have one meaning where these are in use.
var zones = map[string]int{"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
	"AKST": -9, "AKDT": -8, "HST": -10, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "BST": 1, "WEST": 1, "EET": 2, "EEST": 3}

// parseClock reads a time of day with or without a zone, as the time since the day began in UTC; "" is its beginning.
func parseClock(s string) (time.Duration, bool) {
	if s == "" {
		return 0, true
	}
	zone := time.Duration(0)
	s = strings.ToUpper(s)
	letters := strings.TrimRight(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	if hours, named := zones[s[len(letters):]]; named {
		s, zone = letters, time.Duration(hours)*time.Hour
	} else if i := strings.LastIndexAny(s, "+-"); i > 0 {
		offset := strings.ReplaceAll(s[i+1:], ":", "")
		if len(offset) == len("01") {
			offset += "00"
		}
		t, err := time.Parse("1504", offset)
		if err != nil {
			return 0, false
		}
		if zone = t.Sub(t.Truncate(24 * time.Hour)); s[i] == '-' {
			zone = -zone
		}
		s = s[:i]
	}
	s = strings.ReplaceAll(s, " ", "")
	for _, layout := range clocks {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Sub(t.Truncate(24*time.Hour)) - zone, true
		}
	}
	return 0, false
}
