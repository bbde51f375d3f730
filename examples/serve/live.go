package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/transcript"
)

// liveCalls are the calls in progress.
type liveCalls struct {
	service *service

	mu    sync.Mutex
	calls map[string]*liveCall
}

// A liveCall is a call in progress, by the predictor that served when it began.
type liveCall struct {
	client  client // that began it
	id      string
	callID  string
	version string
	variant string
	alarms  prometheus.Counter

	// turn has room for one: it is held while a turn is added.
	turn  chan struct{}
	live  *conversion.Live
	turns []transcript.Turn // texts alone, for the record
	bytes int

	mu      sync.Mutex // of what follows
	now     liveState
	touched time.Time
	changed chan struct{} // closed at the next change
	ended   bool
}

// A liveState is what is known of a call in progress.
type liveState struct {
	ID          string               `json:"id" doc:"id of the call in progress"`
	Call        string               `json:"call,omitempty" doc:"id of the call, if one was given"`
	Turns       int                  `json:"turns" doc:"number of turns so far"`
	Probability *float64             `json:"probability" doc:"probability that the call in progress will be won; after its end, of the whole call; null before the first turn" minimum:"0" maximum:"1"`
	LogOdds     *float64             `json:"log_odds"`
	Won         bool                 `json:"won" doc:"whether the probability reaches the model's threshold"`
	Warnings    []conversion.Warning `json:"warnings,omitempty" doc:"reasons to distrust the probability"`
	Slipping    bool                 `json:"slipping" doc:"the alarm: the probability is below the threshold of during_call.alarm in GET /v1/model"`
	Alarm       int                  `json:"alarm,omitempty" doc:"the first turn after which the call was slipping"`
	Model       string               `json:"model" doc:"version of the model"`
}

func newLiveCalls(s *service) *liveCalls {
	return &liveCalls{service: s, calls: map[string]*liveCall{}}
}

// begin begins a call.
func (l *liveCalls) begin(owner client, callID, customer string) (*liveCall, error) {
	m, variant := l.service.assign(callID, customer)
	p := m.predictor()
	c := &liveCall{
		client: owner, id: strings.ToLower(rand.Text()), callID: callID, version: p.Version(), variant: variant, alarms: l.service.metrics.alarms,
		live: p.Live(), turn: make(chan struct{}, 1),
		touched: time.Now(), changed: make(chan struct{}),
	}
	c.now = liveState{ID: c.id, Call: callID, Model: c.version}
	if p := l.service.admission.take(owner, ofLive, 1); p != nil {
		return nil, p
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls[c.id] = c
	l.service.metrics.live.Set(float64(len(l.calls)))
	return c, nil
}

func (l *liveCalls) find(id string) (*liveCall, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.calls[id]; c != nil {
		return c, nil
	}
	return nil, newProblem(http.StatusNotFound, "path.id", "there is no such call in progress: it has ended, began in another instance of the service, or had no new turn for %v", l.service.limits.LiveIdle)
}

// add adds a turn, which costs the encoding of this turn alone.
func (l *liveCalls) add(ctx context.Context, c *liveCall, text string) (liveState, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return liveState{}, ctx.Err()
	}
	limits := &l.service.limits
	switch {
	case len(c.turns) == limits.LiveTurns:
		return liveState{}, newProblem(http.StatusRequestEntityTooLarge, "", "the call already has %d turns, the most that a call in progress may have", limits.LiveTurns)
	case c.bytes+len(text) > limits.Text:
		return liveState{}, newProblem(http.StatusRequestEntityTooLarge, "body.text", "with it the call has more than %d bytes", limits.Text)
	}
	var now conversion.Prediction
	err := l.service.alone(ctx, l.service.turns, c.client, len(text), func(ctx context.Context) (err error) {
		now, err = c.live.Add(ctx, transcript.Turn{Text: text})
		return err
	})
	if err != nil {
		return liveState{}, err
	}
	c.turns, c.bytes = append(c.turns, transcript.Turn{Text: text}), c.bytes+len(text)
	return c.set(now, len(c.turns))
}

// predicted takes over a prediction.
func (s *liveState) predicted(p conversion.Prediction) {
	s.Probability, s.LogOdds, s.Won, s.Warnings, s.Slipping = &p.Probability, &p.LogOdds, p.Won, p.Warnings, p.Slipping
}

// set keeps the prediction and wakes those who listen.
func (c *liveCall) set(p conversion.Prediction, turns int) (liveState, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return liveState{}, newProblem(http.StatusNotFound, "path.id", "the call has ended meanwhile")
	}
	c.now.Turns = turns
	c.now.predicted(p)
	if c.now.Slipping && c.now.Alarm == 0 {
		c.now.Alarm = turns
		c.alarms.Inc()
	}
	c.touched = time.Now()
	close(c.changed)
	c.changed = make(chan struct{})
	return c.now, nil
}

// state returns what is known, a channel that is closed when that changes, and whether the call has ended.
func (c *liveCall) state() (liveState, <-chan struct{}, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now, c.changed, c.ended
}

// end ends a call, and predicts and records it as a whole.
func (l *liveCalls) end(ctx context.Context, c *liveCall) {
	l.mu.Lock()
	found := l.calls[c.id] == c
	delete(l.calls, c.id)
	l.service.metrics.live.Set(float64(len(l.calls)))
	l.mu.Unlock()
	if !found {
		return // somebody else has ended it
	}
	l.service.admission.give(c.client, amount{ofLive: 1})
	c.turn <- struct{}{} // a turn that is being added is the last
	defer func() { <-c.turn }()
	whole := l.whole(ctx, c)
	c.mu.Lock()
	c.ended = true
	if whole != nil {
		c.now.predicted(*whole)
	}
	close(c.changed)
	now := c.now
	c.mu.Unlock()
	if now.Turns > 0 {
		p := conversion.Prediction{ID: c.callID, Probability: *now.Probability, LogOdds: *now.LogOdds, Won: now.Won, Warnings: now.Warnings}
		l.service.metrics.predicted(p)
		l.service.record.add(c.version, c.variant, p, c.turns)
	}
}

// whole predicts a call that is over; nil if it has no turns, or if there is no time left.
func (l *liveCalls) whole(ctx context.Context, c *liveCall) *conversion.Prediction {
	if len(c.turns) == 0 {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, l.service.limits.Time)
	defer stop()
	var p conversion.Prediction
	err := l.service.alone(ctx, l.service.turns, c.client, c.bytes, func(ctx context.Context) (err error) {
		p, err = c.live.End(ctx)
		return err
	})
	if err != nil {
		l.service.log.Warn("a call in progress was not predicted as a whole: the last prediction during the call stays", "error", err)
		return nil
	}
	return &p
}

// expire ends calls that nobody adds to, and at the end of ctx all.
func (l *liveCalls) expire(ctx context.Context) {
	tick := time.NewTicker(min(l.service.limits.LiveIdle/4, time.Minute))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.endAll(ctx, func(c *liveCall) bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return time.Since(c.touched) > l.service.limits.LiveIdle
			})
		case <-ctx.Done():
			return
		}
	}
}

// endAll ends the calls that which picks.
func (l *liveCalls) endAll(ctx context.Context, which func(*liveCall) bool) {
	l.mu.Lock()
	var over []*liveCall
	for _, c := range l.calls {
		if which(c) {
			over = append(over, c)
		}
	}
	l.mu.Unlock()
	for _, c := range over {
		l.end(ctx, c)
	}
}
