package transcript

import (
	_ "embed"
	"strings"
)

// class is what is known of a word besides its letters, in bits.
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
	sayOther    // an order, a part
	short       // ends in a full stop
	notLocal    // before "at" in what is no e-mail address
	saying      // after a name in the middle of a sentence
	headingWord // before a colon, but no speaker
	soundWord   // in brackets, but no speaker
)

//go:embed forenames.txt
var forenameText string

// vocabulary has the classes of words in small letters.
var vocabulary = classes([]struct {
	class
	words string
}{
	{common, `a about absolutely actually after again all alright also although am an and another any anybody anyone
		anything are as at awesome back be because been before both but by can certainly congratulations could definitely did
		do does doing done don't each either especially even every everybody everyone everything exactly excellent fair
		fantastic fine first for fortunately from funny gave give glad go going good got great had has have having he hello here
		hers hey hi his hm hmm hope how however i i'd i'll i'm i've if in indeed interesting is isn't it it's just last later let
		let's like likewise look lovely made make many may maybe me might mine mm monday month more morning most much my new next
		nice no nobody none nope nor not nothing now of off oh ok okay old on once one only or other our ours out over own
		perfect perhaps please pleased plus put quite rather really right said same saturday say see she should since so some
		somebody someone something soon sorry speaking still such sunday super sure take than thank thanks that that's the their
		them then there there's these they they're this those though thursday to today together tomorrow tonight too totally
		true tuesday two under understood unfortunately until up us very wait was we we'd we'll we're we've wednesday week
		welcome well went were what what's when where which while who whom whose why will with within without wonderful would
		wow year yeah yep yes yesterday yet you you'd you'll you're you've your yours friday january february march april june
		july august september october november december christmas easter english british american french german spanish
		italian canadian indian chinese japanese mexican european african asian swiss dutch irish scottish christian muslim
		jewish afternoon evening night noon goodbye bye cheers busy happy free calling ready available interested thrilled
		excited noted ha haha ah aha agreed deal granted given number question answer note cool lol overall average almost
		instead curious agent customer client rep representative sales support mr mrs ms miss dr sir madam ma'am mom dad god
		finance marketing operations procurement legal accounting accounts engineering management hr it security purchasing
		logistics compliance payroll retail reception team staff board head chief officer vice department office company
		visa mastercard amex maestro paypal google microsoft amazon apple salesforce hubspot zoom slack teams excel outlook linkedin
		facebook shopify sap oracle spelled spelt pronounced misspelled written listed correct wrong important`},
	{nameAndWord, `will may mark grace hope faith joy rose bill art drew grant frank chance dawn june april august summer rich sue
		pat don gene jack price young king long good short best day rob ray guy max dean earl miles page wood stone brown white
		black green baker cook hunter sharp strong swift wise noble power case field fields hill banks rivers penny ruby amber
		crystal chase norm iris violet christian`},
	{forename, forenameText},
	{forename, "mark grace faith joy rose bill drew grant frank sue gene jack rob ray max dean earl miles penny ruby"},
	{onlyCapital, `carol clement constance dolores felicity harry jean joan kelly kerry lily nick penelope randy robin sally spencer
		stan teresa tiffany verity viola dick dina lara nina rita vera rick pete nelson percy norman gemma beth lance`},
	{particle, "de da do dos van von der den bin al el la le di del della du"},
	{title, "mr mrs ms miss dr prof herr frau monsieur madame senor"},
	{relation, `colleague coworker boss wife husband brother sister son daughter mother father mum mom dad uncle aunt cousin fiance
		girlfriend boyfriend assistant secretary accountant bookkeeper lawyer attorney manager supervisor director founder
		ceo cfo cto coo cmo president treasurer buyer controller receptionist chairman chairwoman landlord roommate neighbour
		neighbor friend`},
	{firmWord, `inc ltd llc llp plc gmbh corp corporation company group bank university hospital college school insurance assurance
		systems software solutions logistics freight services partners consulting media labs industries holdings foundation
		association institute council mutual cover cloud analytics suite technologies tech global international energy
		motors airlines pharma foods brothers sons associates street road avenue`},
	{digitWord, "zero oh o nought one two three four five six seven eight nine"},
	{multiple, "double triple"},
	{numberWord, `one two three four five six seven eight nine ten eleven twelve
		thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety`},
	{streetWord, `street st road rd avenue ave lane ln drive dr boulevard blvd way court ct square sq place pl terrace close row
		crescent parkway pkwy highway hwy mews gardens hill quay grove walk rise green yard wharf alley passage circle cir
		trail loop park view parade esplanade`},
	{plainStreet, "street road avenue lane boulevard crescent"},
	{streetBefore, `rue avenue boulevard place quai chemin impasse via viale piazza corso calle avenida plaza paseo rua praca
		carrer`},
	{unitWord, "flat unit suite apartment apt ste room floor"},
	{direction, "north south east west n s e w ne nw se sw"},
	{state, `al ak az ar ca co ct de dc fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa
		ri sc sd tn tx ut vt va wa wv wi wy`},
	{topLevel, `com co org net edu gov mil int info biz io ai app dev shop store online site tech cloud agency pro name xyz example
		eu uk ie fr nl es ch pl se dk fi cz pt gr hu ro ca au nz za jp cn kr tw hk sg br mx ar cl ru ua tr il ae de`},
	{spelt, "dot underscore dash hyphen"},
	{spokenDot, "dot underscore"},
	{sayPhone, `call calls calling phone phones telephone tel mobile cell cellphone landline ring rings reach reached text texts fax
		whatsapp dial line desk`},
	{sayAccount, "account acct iban routing sort"},
	{sayOther, "order orders serial part invoice ticket reference ref policy version model tracking case"},
	{short, "no nr acct tel ref"},
	{saying, "said says mentioned told asked thinks thought wants wanted knows knew agreed joined explained promised suggested"},
	{headingWord, `note notes ps nb re fwd subject date time agenda summary action actions item items step steps next q&a pros cons
		option options plan plans price prices pricing cost costs total address phone email mail tel fax url link links website
		attendees participants attendance duration recorded recording recordings title topic topics language kind source file files
		location meeting transcript transcription update warning tip tips reminder example examples key point points decision
		decisions budget timeline goal goals problem problems solution background follow bottom line part chapter section
		monthly yearly annual annually today tomorrow yesterday week weeks day days hour hours minute minutes january february
		first second third fourth last final finally result results status type version id ids http https ftp www view
		disclaimer copyright created generated exported downloaded started ended starts ends begin end start closing opening
		introduction overview dear details detail info information reason reasons issue issues concern concerns
		fact facts remark remarks comment comments thing things way ways number numbers case cases problem risk risks benefit
		benefits feature features requirement requirements delivery shipping tax taxes fee fees discount discounts contract terms
		payment payments deposit invoice quote offer deal agreement summary review contact contacts signed regards sincerely
		attachment attachments attached see also figure table list step quote quoted translation translated`},
	{soundWord, `inaudible unintelligible indiscernible crosstalk laughs laugh laughing laughter chuckles chuckle chuckling applause
		applauding clapping cheering cheers music musical silence pause pauses noise noises background coughs cough coughing sighs
		sigh sighing ringing ring rings beep beeps beeping clears throat phone dial tone static overlapping overtalk speaking
		speaks foreign language redacted blank_audio blank audio sniffs sneezes gasps groans whispers whispering shouting crying
		typing keyboard door knocking playing continues stops hold holding bell dings chime typing breathing breathes hums humming
		sings singing yawns clicks click clicking rustling indistinct muffled garbled censored bleep expletive pii name`},
	{notLocal, "me us him her them it you is are was be look looking find meet live here there available online up out and or"},
})

func classes(lists []struct {
	class
	words string
}) map[string]class {
	all := make(map[string]class)
	for _, l := range lists {
		for word := range strings.FieldsSeq(l.words) {
			all[word] |= l.class
		}
	}
	return all
}

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
