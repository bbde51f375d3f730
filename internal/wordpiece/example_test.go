package wordpiece_test

import (
	"fmt"
	"io/fs"

	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/internal/wordpiece"
)

func ExampleTokenizer_Encode() {
	file, err := fs.ReadFile(minilm.FS(), "tokenizer.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := wordpiece.New(file, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	const text = "Too naïve? Unbelievably."
	e := t.Encode(text, 8)
	for i, id := range e.IDs {
		fmt.Printf("%5d %-8s %q\n", id, t.Token(id), text[e.Spans[i][0]:e.Spans[i][1]])
	}
	fmt.Println(e.Cut, "cut")
	// Output:
	//   101 [CLS]    ""
	//  2205 too      "Too"
	// 15743 naive    "naïve"
	//  1029 ?        "?"
	//  4895 un       "Un"
	//  8671 ##bel    "bel"
	//  2666 ##ie     "ie"
	//   102 [SEP]    ""
	// 3 cut
}
