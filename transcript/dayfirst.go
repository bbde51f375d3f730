package transcript

import (
	"fmt"
	"io"
	"strings"
)

// dateOrder is whether day or month comes first in a column of dates such as 05/03/2024.
type dateOrder uint8

const (
	unseen     dateOrder = iota // there was no date yet
	eitherWay                   // no date shows it
	monthFirst                  // and so in what are no such dates
	dayFirst
)

const guessedOrder = "%s does not show whether days or months come first; it is read as months first"

// tableRow is a row that was read ahead, or what was wrong with it.
type tableRow struct {
	cells []string
	at    int64
	err   error
}

// lookAhead finds the order of dates in each column of them, by as many rows as it takes, at most some, and returns what yields all rows.
func (t *table) lookAhead(first tableRow, next func() ([]string, int64, error)) func() ([]string, int64, error) {
	const most = 1000
	t.orders = make([]dateOrder, len(t.columns))
	open := 0
	for i, c := range t.columns {
		if t.orders[i] = monthFirst; c.use.name == "call_time" {
			t.orders[i] = unseen
			open++
		}
	}
	ahead := []tableRow{first}
	for {
		last := ahead[len(ahead)-1]
		for i, cell := range last.cells[:min(len(last.cells), len(t.orders))] {
			if t.orders[i] >= monthFirst || isMissing(cell) {
				continue
			}
			if t.orders[i] = max(t.orders[i], orderOf(cell)); t.orders[i] >= monthFirst {
				open--
			}
		}
		if open == 0 || len(ahead) == most || last.err == io.EOF {
			break
		}
		cells, at, err := next()
		ahead = append(ahead, tableRow{cells, at, err})
	}
	for i, order := range t.orders {
		if order < monthFirst && t.local {
			t.orders[i] = dayFirst
		}
	}
	return func() ([]string, int64, error) {
		if len(ahead) == 0 {
			return next()
		}
		r := ahead[0]
		ahead = ahead[1:]
		return r.cells, r.at, r.err
	}
}

// numericDate is a date such as 5/3/24 or 05-03-2024, with what is after it.
type numericDate struct {
	first, second, year int
	sign                byte
	rest                string
}

func readNumericDate(s string) (d numericDate, ok bool) {
	s = strings.TrimSpace(s)
	var k [3]int
	for i, n := range []*int{&d.first, &d.second, &d.year} {
		if k[i], *n = digits(s); k[i] == 0 || k[i] > 4 || i < 2 && (k[i] > 2 || len(s) <= k[i] || s[k[i]] != '/' && s[k[i]] != '-') {
			return d, false
		}
		if s = s[k[i]:]; i < 2 {
			d.sign, s = s[0], s[1:]
		}
	}
	if k[2] == 2 {
		d.year += 2000
	}
	d.rest = s
	return d, k[2]%2 == 0 && d.first > 0 && d.second > 0 && (s == "" || strings.IndexByte(" ,T", s[0]) >= 0)
}

// orderOf returns what a date shows.
func orderOf(s string) dateOrder {
	switch d, ok := readNumericDate(s); {
	case !ok, d.second > 12:
		return monthFirst
	case d.first > 12:
		return dayFirst
	default:
		return eitherWay
	}
}

// inOrder returns a date that parseTime reads wrongly or not at all as it reads it.
func (o dateOrder) inOrder(s string) string {
	d, ok := readNumericDate(s)
	switch {
	case !ok || o < monthFirst || o == monthFirst && d.sign == '/':
		return s
	case o == dayFirst:
		d.first, d.second = d.second, d.first
	}
	return fmt.Sprintf("%04d-%02d-%02d%s", d.year, d.first, d.second, d.rest)
}
