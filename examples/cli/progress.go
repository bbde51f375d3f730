package cli

import (
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Progress shows how far a command is, on standard error: on a terminal a bar, one for each stage; elsewhere, as in a log, a
// line when a stage begins and one each half minute, with the time since the command started. The zero value shows nothing.
type Progress struct {
	env      *Env
	now      func() time.Time
	terminal *os.File // nil: a log

	stage string
	total int
	bar   *progressbar.ProgressBar
	said  time.Time // of the last line
}

// Progress returns what shows a command's progress.
func (env *Env) Progress() *Progress {
	p := &Progress{env: env, now: env.start()}
	if f, ok := env.Stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal = f
	}
	return p
}

// every is how often a log hears of a stage that takes long.
const every = 30 * time.Second

// Show shows that done of total steps of a stage have been taken; another stage replaces the one before. A negative
// total is unknown: a terminal shows done, and a log nothing.
func (p *Progress) Show(stage string, done, total int) {
	began := stage != p.stage || total != p.total
	p.stage, p.total = stage, total
	switch {
	case p.env == nil:
	case p.terminal != nil:
		if began || p.bar == nil {
			p.Close()
			p.bar = p.newBar()
		}
		p.bar.Set(done) // a terminal that cannot be written to is no reason to stop
	case total >= 0:
		p.log(began, done)
	}
}

// log writes a line if one is due.
func (p *Progress) log(began bool, done int) {
	now := p.now()
	elapsed := now.Sub(p.env.started).Round(time.Second)
	switch {
	case began:
		p.env.Notef("%v: %s", elapsed, p.stage)
	case now.Sub(p.said) >= every:
		p.env.Notef("%v: %s, %d of %d", elapsed, p.stage, done, p.total)
	default:
		return
	}
	p.said = now
}

func (p *Progress) newBar() *progressbar.ProgressBar {
	return progressbar.NewOptions(p.total,
		progressbar.OptionSetWriter(p.terminal),
		progressbar.OptionSetDescription(p.stage),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(p.total > 0))
}

// Close removes the bar, so that other lines can be written. Show begins another.
func (p *Progress) Close() {
	if p.bar != nil {
		p.bar.Finish()
		p.bar = nil
	}
}
