// Package mask finds personal data in English text, written or transcribed from speech: e-mail and web addresses, telephone,
// card and account numbers, postal addresses and names. It works on plain strings and byte spans; package transcript passes
// names from labels and metadata to it, and writes the masks.
//
//	f := mask.New(text)
//	f.Learn("Jane Doe") // who is known to speak
//	for _, e := range f.Entities() {
//		fmt.Println(e.Kind, text[e.Start:e.End])
//	}
//
// [Finder.Entities] makes two passes over the text. The first pass visits each word and number once, and decides by the
// word or number itself and by what precedes and follows it:
//
//   - numbers by their groups of digits, the words before them and their check digits ([Luhn], [Mod97]), in figures or said
//     digit by digit (numbers.go);
//   - postal addresses by a house's number and a word for a street, and by post codes (address.go);
//   - e-mail and web addresses by their signs, also where these are said: "jane dot doe at example dot com" (find.go);
//   - names by a list of forenames, and by phrases that introduce, greet or ask for somebody (names.go).
//
// The second pass finds further mentions of all names that were found. Overlaps are resolved by the order of the kinds. The
// word lists are in words.go and in package wordlist. Each rule reads at most a few hundred bytes around its word, so time
// is linear in the length of the text.
package mask
