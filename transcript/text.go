package transcript

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Text reads one call, whose text is all that there is: lines with speakers' labels, WebVTT, SRT or plain text, as
// [Call.Turns] tells apart. It has no outcome. Subtitles are checked for broken times.
func (o Reader) Text(ctx context.Context, r io.Reader) iter.Seq2[Call, error] {
	return o.text(ctx, r, false)
}

// subtitles reads a call that is known to be WebVTT or SRT.
func (o Reader) subtitles(ctx context.Context, r io.Reader) iter.Seq2[Call, error] {
	return o.text(ctx, r, true)
}

// text also takes what is known to be subtitles.
func (o Reader) text(ctx context.Context, r io.Reader, subtitles bool) iter.Seq2[Call, error] {
	return o.stream(ctx, r, func(r io.Reader, yield yieldFunc) {
		b, err := io.ReadAll(&limited{r, o.maxRecord(), o.tooLarge()})
		if err != nil {
			yield.fail(0, int64(len(b)), err)
			return
		}
		if at, err := checkFile(b, subtitles); err != nil {
			yield.fail(1, int64(at), err)
			return
		}
		o.Summary.format("text")
		yield(Call{ID: o.whole(), Text: string(bytes.TrimPrefix(b, utf8BOM))}, nil)
	})
}

// checkFile says what is wrong with the text of a whole file, and at which byte.
func checkFile(b []byte, subtitles bool) (at int, err error) {
	if i := invalidUTF8(b); i >= 0 {
		return i, errors.New(notUTF8(b[i]))
	}
	text := string(bytes.TrimPrefix(b, utf8BOM))
	if err := checkText(text); err != nil {
		return 0, fmt.Errorf("the text %w", err)
	}
	if subtitles || isSubtitles(text) {
		at, err := checkCues(text)
		return at + len(b) - len(text), err
	}
	return 0, nil
}
