package mask

import "github.com/org/salesconv/transcript/internal/wordlist"

// class is what is known of a word beyond its letters, in bits.
type class uint32

const (
	common       class = 1 << iota // stands with a capital at the start of a sentence, or is a month, a language, a department
	nameAndWord                    // a name that is a word too; it is left alone at the start of a sentence
	forename                       // of a person
	onlyCapital                    // a forename that is a word, or part of one, in small letters
	particle                       // between the parts of a name
	title                          // before a name
	relation                       // of a person to the speaker, or an office: what follows is a name
	firmWord                       // what a firm's name ends with
	digitWord                      // zero to nine
	multiple                       // double, triple
	numberWord                     // other numbers that houses have
	streetWord                     // at the end of a street's name
	plainStreet                    // such a word that tells a street in small letters too
	streetBefore                   // at the start of a street's name
	unitWord                       // flat, suite
	direction                      // after a street
	state                          // of the USA, its two letters
	topLevel                       // domain
	spelt                          // a sign in an address, as it is said
	spokenDot                      // such a sign that an address has at least one of
	sayPhone                       // before a number
	sayAccount
	sayOther // an order, a part
	short    // ends in a full stop
	notLocal // before "at" in what is no e-mail address
	saying   // after a name in the middle of a sentence
	other    // is on a list of words that are no names
)

// vocabulary has the classes of words in lower case.
var vocabulary = wordlist.Vocabulary(map[class]string{
	other:       wordlist.Headings + " " + wordlist.Sounds,
	forename:    wordlist.Forenames,
	common:      wordlist.Common,
	nameAndWord: wordlist.NamesAndWords,
	onlyCapital: `carol clement constance dolores felicity harry jean joan kelly kerry lily nick penelope randy robin sally spencer
		stan teresa tiffany verity viola dick dina lara nina rita vera rick pete nelson percy norman gemma beth lance`,
	particle: wordlist.Particles,
	title:    wordlist.Titles,
	relation: `colleague coworker boss wife husband brother sister son daughter mother father mum mom dad uncle aunt cousin fiance
		girlfriend boyfriend assistant secretary accountant bookkeeper lawyer attorney manager supervisor director founder
		ceo cfo cto coo cmo president treasurer buyer controller receptionist chairman chairwoman landlord roommate neighbour
		neighbor friend`,
	firmWord: `inc ltd llc llp plc gmbh corp corporation company group bank university hospital college school insurance assurance
		systems software solutions logistics freight services partners consulting media labs industries holdings foundation
		association institute council mutual cover cloud analytics suite technologies tech global international energy
		motors airlines pharma foods brothers sons associates street road avenue`,
	digitWord:  wordlist.Digits,
	multiple:   "double triple",
	numberWord: wordlist.Numbers,
	streetWord: `street st road rd avenue ave lane ln drive dr boulevard blvd way court ct square sq place pl terrace close row
		crescent parkway pkwy highway hwy mews gardens hill quay grove walk rise green yard wharf alley passage circle cir
		trail loop park view parade esplanade`,
	plainStreet: "street road avenue lane boulevard crescent",
	streetBefore: `rue avenue boulevard place quai chemin impasse via viale piazza corso calle avenida plaza paseo rua praca
		carrer`,
	unitWord:  "flat unit suite apartment apt ste room floor",
	direction: "north south east west n s e w ne nw se sw",
	state: `al ak az ar ca co ct de dc fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa
		ri sc sd tn tx ut vt va wa wv wi wy`,
	topLevel: `com co org net edu gov mil int info biz io ai app dev shop store online site tech cloud agency pro name xyz example
		eu uk ie fr nl es ch pl se dk fi cz pt gr hu ro ca au nz za jp cn kr tw hk sg br mx ar cl ru ua tr il ae de`,
	spelt:     "dot underscore dash hyphen",
	spokenDot: "dot underscore",
	sayPhone: `call calls calling phone phones telephone tel mobile cell cellphone landline ring rings reach reached text texts fax
		whatsapp dial line desk`,
	sayAccount: "account acct iban routing sort",
	sayOther:   "order orders serial part invoice ticket reference ref policy version model tracking case",
	short:      "no nr acct tel ref",
	saying:     "said says mentioned told asked thinks thought wants wanted knows knew agreed joined explained promised suggested",
	notLocal:   "me us him her them it you is are was be look looking find meet live here there available online up out and or",
})

// classOf returns the classes of a word in any case.
func classOf(word string) class {
	var room [16]byte // the longest words of the vocabulary have less
	if len(word) > len(room) {
		return 0
	}
	small := room[:len(word)]
	for i := range small {
		c := word[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		small[i] = c
	}
	return vocabulary[string(small)]
}

func (c class) is(any class) bool { return c&any != 0 }
