package synth

// A Driver is a property of a call that moves its outcome and shows in its words. Package transcript has the same type.
type Driver struct {
	Name   string
	Weight float64 // in the log-odds of winning
	Rate   float64 // share of calls where it holds, of those where it can; some patterns shift it
}

// The places of the drivers.
const (
	rapport = iota
	need
	monologue
	decider
	rival
	locked
	stall
	objection
	handled
	buying
	proof
	nextStep
)

// Drivers are all drivers, in their order.
var Drivers = []Driver{
	rapport:   {"rapport", 0.8, 0.5},
	need:      {"need confirmed", 1.4, 0.5},
	monologue: {"agent monologue", -1.0, 0.35},
	decider:   {"decision maker present", 1.5, 0.5},
	rival:     {"competitor named", -1.1, 0.4},
	locked:    {"bound by a contract", -1.5, 0.3},
	stall:     {"decision put off", -1.6, 0.4},
	objection: {"price objection", -1.8, 0.6},
	handled:   {"price objection handled", 2.6, 0.5}, // only where there is one
	buying:    {"buying signal", 1.1, 0.45},
	proof:     {"proof accepted", 1.0, 0.45},
	nextStep:  {"next step agreed", 2.4, 0.5},
}

// pattern is a course that calls take: its stages in order, and how much more or less often drivers hold.
type pattern struct {
	name   string
	stages string
	shift  map[int]float64 // added to Driver.Rate
}

var patterns = []pattern{
	{"cold call", "rapport need pitch rival decide locked stall price signal proof next", map[int]float64{rapport: -0.15, stall: 0.1}},
	{"inbound inquiry", "need pitch signal decide rival price proof stall locked next", map[int]float64{need: 0.1, buying: 0.15}},
	{"product demo", "rapport pitch signal pitch need price proof decide stall next", map[int]float64{monologue: 0.15, buying: 0.1}},
	{"follow-up", "rapport need rival signal price decide stall proof next", map[int]float64{decider: 0.1, rapport: 0.1}},
	{"renewal", "rapport need pitch price rival stall decide next", map[int]float64{rapport: 0.15, stall: -0.1}},
	{"supplier switch", "need locked rival pitch decide signal price proof next", map[int]float64{rival: 0.25, locked: 0.1}},
	{"price negotiation", "price decide rival pitch proof locked stall signal next", map[int]float64{objection: 0.2, decider: 0.1}},
	{"service recovery", "need rapport pitch signal proof price stall next", map[int]float64{need: 0.15, rapport: -0.1}},
}

// scripts are the lines of each stage: speaker, list, and how often the line is said if not always. A line for only one
// value of the stage's driver starts with + or -; "?" stands for on or off.
var scripts = map[string]struct {
	driver int
	lines  []string
}{
	"rapport": {rapport, []string{"A rapport.?.agent", "C rapport.?.customer"}},
	"need":    {need, []string{"A need.ask", "C need.?"}},
	"pitch": {monologue, []string{"-A pitch.short", "+A pitch.long.start", "+A pitch.long", "+A pitch.long", "+A pitch.long",
		"+A pitch.long", "+A pitch.long 0.5", "C pitch.answer"}},
	"decide": {decider, []string{"A decide.ask", "C decide.?"}},
	"rival":  {rival, []string{"+C rival.on", "-C rival.off 0.5", "+A rival.answer"}},
	"locked": {locked, []string{"+C locked.on", "-C locked.off 0.5", "+A locked.answer"}},
	"stall":  {stall, []string{"+C stall.on", "-C stall.off 0.5", "+A stall.answer"}},
	"price":  {objection, []string{"A price.say", "-C price.fine", "+C price.raise", "+A price.reply"}},
	"signal": {buying, []string{"+C signal.on", "+A signal.answer", "-C signal.off 0.6", "-A signal.off.answer 0.6"}},
	"proof":  {proof, []string{"A proof.offer", "C proof.?"}},
	"next":   {nextStep, []string{"A next.ask", "C next.?"}},
}
