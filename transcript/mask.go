package transcript

// An Entity is a piece of personal data in a call's text.
type Entity struct {
	Kind       Kind
	Start, End int // byte span
}

// Kind is a kind of personal data.
type Kind string

// The kinds.
const (
	Name    Kind = "NAME"
	Email   Kind = "EMAIL"
	Phone   Kind = "PHONE"
	Card    Kind = "CARD"    // with a right check digit (Luhn)
	Account Kind = "ACCOUNT" // IBANs with right check digits, and numbers that are said to be accounts
	Address Kind = "ADDRESS"
	URL     Kind = "URL"
)

// luhn reports whether the last digit is the check digit of those before it (ISO/IEC 7812-1).
func luhn(digits []byte) bool {
	sum := 0
	for i, c := range digits {
		d := int(c - '0')
		if (len(digits)-i)%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// mod97 returns the remainder of a string of digits and capital letters, A standing for 10 (ISO 7064).
func mod97(s string) int {
	rest := 0
	for _, c := range []byte(s) {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest
}
