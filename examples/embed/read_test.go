package main

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadTexts(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
		err  string
	}{
		{"", nil, ""},
		{" \n", nil, ""},
		{"[]", nil, ""},
		{" [ \"a\" ,\n\"b\\n\\\"\\u00e9\" ] \n", []string{"a", "b\n\"é"}, ""},
		{"\"a\"\n\n\"\"\r\n\"c\"", []string{"a", "", "c"}, ""},
		{"\"a\"\n{\"text\": 1}", []string{"a"}, "record 2, byte 5: found '{', want a string in double quotes"},
		{"[\"a\", 12]", []string{"a"}, "record 2, byte 7: found '1', want a string in double quotes"},
		{"[\"a\", null]", []string{"a"}, "record 2, byte 7: found 'n', want a string in double quotes"},
		{"[\"a\" \"b\"]", []string{"a"}, "record 2, byte 6: found '\"', want a comma"},
		{"[, \"a\"]", nil, "record 1, byte 2: found ',', want a string"},
		{"[\"a\",]", []string{"a"}, "record 2, byte 6: found ']', want a string"},
		{"[\"a\"", []string{"a"}, "record 2, byte 4: the input ends inside the array"},
		{"[\"a\",", []string{"a"}, "record 2, byte 5: the input ends inside the array"},
		{"[", nil, "record 1, byte 1: the input ends inside the array"},
		{"[\"a\"]]", []string{"a"}, "record 2, byte 6: found ']' after the end of the array"},
		{"\"a\"\n\"b", []string{"a"}, "record 2, byte 5: the string has no end"},
		{"\"a\\q\"", nil, "record 1, byte 1: invalid character 'q' in string escape code"},
		{"\"a\nb\"", nil, "record 1, byte 1: invalid character '\\n' in string literal"},
		{"\"\xff\"", nil, "record 1, byte 1: not UTF-8; convert the file"},
	} {
		for _, bytewise := range []bool{false, true} {
			in := readTexts(strings.NewReader(c.in))
			if bytewise {
				in = readTexts(iotest.OneByteReader(strings.NewReader(c.in)))
			}
			var got []string
			var failed error
			for text, err := range in {
				if err != nil {
					failed = err
					break
				}
				got = append(got, text)
			}
			if !slices.Equal(got, c.want) || (failed == nil) != (c.err == "") || failed != nil && !strings.HasPrefix(failed.Error(), c.err) {
				t.Errorf("%q: %q and error %v\nwant %q and %q", c.in, got, failed, c.want, c.err)
			}
		}
	}
}

func TestReadTextsFails(t *testing.T) {
	broken := errors.New("broken disk")
	for _, err := range readTexts(iotest.ErrReader(broken)) {
		if !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	}
}
