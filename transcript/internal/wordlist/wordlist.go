package wordlist

import (
	_ "embed"
	"strings"
)

//go:embed forenames.txt
var forenames string

// Forenames are some 1,700 forenames of many countries, and the NamesAndWords that are first of all forenames.
var Forenames = forenames + " mark grace faith joy rose bill drew grant frank sue gene jack rob ray max dean earl miles penny ruby"

// Common are words that stand with a capital at the start of a sentence, and months, languages, departments and firms: no names.
const Common = `a about absolutely actually after again all alright also although am an and another any anybody anyone
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
		facebook shopify sap oracle spelled spelt pronounced misspelled written listed correct wrong important
		ja nein also genau oder und aber dann wir ich gut danke bitte hallo natürlich richtig montag dienstag mittwoch donnerstag
		freitag samstag sonntag oui merci bonjour alors bien d'accord sí gracias hola bueno claro vale entonces grazie buongiorno
		allora certo obrigado obrigada olá então nee dank`

// NamesAndWords are names that are words too.
const NamesAndWords = `will may mark grace hope faith joy rose bill art drew grant frank chance dawn june april august summer rich sue
		pat don gene jack price young king long good short best day rob ray guy max dean earl miles page wood stone brown white
		black green baker cook hunter sharp strong swift wise noble power case field fields hill banks rivers penny ruby amber
		crystal chase norm iris violet christian`

// Particles stand between the parts of a name.
const Particles = "de da do dos van von der den bin al el la le di del della du"

// Joiners stand between the words of a job's title.
const Joiners = "of for and at in the to"

// Titles stand before a name.
const Titles = "mr mrs ms miss dr prof herr frau monsieur madame senor"

// Digits say zero to nine.
const Digits = "zero oh o nought one two three four five six seven eight nine"

// Numbers say the numbers that houses have.
const Numbers = `one two three four five six seven eight nine ten eleven twelve
		thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety`

// Headings stand before a colon and name no speaker.
const Headings = `note notes ps nb re fwd subject date time agenda summary action actions item items step steps next q&a pros cons
		option options plan plans price prices pricing cost costs total address phone email mail tel fax url link links website
		attendees participants attendance duration recorded recording recordings title topic topics language kind source file files
		location meeting transcript transcription update warning tip tips reminder example examples key point points decision
		decisions budget timeline goal goals problem problems solution background follow bottom line part chapter section
		monthly yearly annual annually today tomorrow yesterday week weeks day days hour hours minute minutes january february
		first second third fourth last final finally result results status type version id ids http https ftp www view
		disclaimer copyright created generated exported downloaded started ended starts ends begin end start closing opening
		introduction overview dear details detail info information reason reasons issue issues concern concerns
		settings webvtt sent cc bcc fact facts remark remarks comment comments thing things way ways number numbers case cases problem risk risks benefit
		benefits feature features requirement requirements delivery shipping tax taxes fee fees discount discounts contract terms
		payment payments deposit invoice quote offer deal agreement summary review contact contacts signed regards sincerely
		attachment attachments attached see also figure table list step phase module tier year quarter milestone eastern pacific quote quoted translation translated
		notiz notizen hinweis anmerkung betreff datum uhrzeit dauer thema themen teilnehmer preis preise kosten fazit ergebnis
		zusammenfassung punkt punkte beispiel fecha asunto resumen participantes duración precio precios nota notas objet durée
		résumé prix remarque oggetto durata prezzo assunto duração preço`

// Offers stand before a colon and a price, alone or with a heading: "Basic Plan: 20 dollars".
const Offers = "basic standard premium enterprise starter professional essentials growth ultimate"

// Sounds stand in brackets and name no speaker.
const Sounds = `inaudible unintelligible indiscernible crosstalk laughs laugh laughing laughter chuckles chuckle chuckling applause
		applauding clapping cheering cheers music musical silence pause pauses noise noises background coughs cough coughing sighs
		sigh sighing ringing ring rings beep beeps beeping clears throat phone dial tone static overlapping overtalk speaking
		speaks foreign language redacted blank_audio blank audio sniffs sneezes gasps groans whispers whispering shouting crying
		typing keyboard door knocking playing continues stops hold holding bell dings chime typing breathing breathes hums humming
		sings singing yawns clicks click clicking rustling indistinct muffled garbled censored bleep expletive pii name`

// Vocabulary returns the classes, in bits, of all words in the lists of each class.
func Vocabulary[C ~uint32](lists map[C]string) map[string]C {
	all := make(map[string]C)
	for class, list := range lists {
		for word := range strings.FieldsSeq(list) {
			all[word] |= class
		}
	}
	return all
}
