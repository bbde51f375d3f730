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
// Without a zone it is UTC. Where slashes part day and month the month comes first. A zone that is only named is not
// read, but for UTC and GMT.
func parseTime(s string) (time.Time, bool) {
	if len(s) >= len("1000000000") && strings.Trim(s, "0123456789.") == "" {
		if n, err := strconv.ParseFloat(s, 64); err == nil {
			if n >= 1000*fromEpoch {
				n /= 1000
			}
			return time.UnixMilli(int64(math.Round(n * 1000))).UTC(), n >= fromEpoch && n < 1000*fromEpoch
		}
	}
	words := dateWords(s)
	if len(words) > 1 && isWeekday(words[0]) {
		words = words[1:]
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "at" })
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

// dateWords returns the words of a date, with the time of day after the day, and colons in it.
func dateWords(s string) []string {
	if day, rest := s[:min(8, len(s))], s[min(8, len(s)):]; len(rest) > 4 && rest[0] == 'T' && strings.Trim(day+rest[1:5], "0123456789") == "" { // 20260305T153000Z
		s = day + " " + rest[1:3] + ":" + rest[3:5]
		if rest = rest[5:]; len(rest) > 1 && isDigit(rest[0]) && isDigit(rest[1]) {
			s += ":"
		}
		s += rest
	}
	words := strings.Fields(strings.ReplaceAll(s, ",", " "))
	for i, w := range words {
		if n, _ := digits(w); n > 0 && n < 3 && slices.Contains([]string{"st", "nd", "rd", "th"}, strings.ToLower(w[n:])) {
			words[i] = w[:n]
		}
	}
	last := len(words) - 1
	clock := slices.IndexFunc(words, func(w string) bool { return strings.Contains(w, ":") })
	if clock > 0 && clock < last && len(words[last]) == len("2006") && strings.Trim(words[last], "0123456789") == "" { // Thu Mar 5 15:30:00 2026
		words = slices.Insert(words[:last], clock, words[last])
	}
	return words
}

func isWeekday(word string) bool {
	for d := range 7 {
		name := time.Weekday(d).String()
		if word = strings.TrimSuffix(word, "."); strings.EqualFold(word, name) || strings.EqualFold(word, name[:3]) {
			return true
		}
	}
	return false
}

// parseClock reads a time of day with or without a zone, as the time since the day began in UTC; "" is its beginning.
func parseClock(s string) (time.Duration, bool) {
	if s == "" {
		return 0, true
	}
	zone := time.Duration(0)
	s = strings.ToUpper(s)
	if rest, ok := strings.CutSuffix(strings.TrimSuffix(strings.TrimSuffix(s, "UTC"), "GMT"), "Z"); ok || len(rest) < len(s) {
		s = rest
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
