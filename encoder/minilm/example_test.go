package minilm_test

import (
	"fmt"
	"log"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
)

func ExampleFS() {
	model, err := encoder.Load(minilm.FS())
	if err != nil {
		log.Fatal(err)
	}
	c := model.Config()
	fmt.Println(c.NumHiddenLayers, "layers, rows of", model.Width())
	// Output: 6 layers, rows of 384
}
