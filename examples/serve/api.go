package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/org/salesconv/classify/conversion"
)

// statusLeft is what the log has for a client that left before it was answered.
const statusLeft = 499

type predictInput struct {
	Upload
	ByTurn bool `query:"by_turn" doc:"also return the probability of the call in progress after each turn, and of the whole call after the last turn"`
}

type predictOutput struct {
	Body struct {
		Predictions []conversion.Prediction `json:"predictions" nullable:"false" doc:"one for each call, in their order"`
		Model       string                  `json:"model" doc:"version of the model; of the model of the first call, if there are several"`
		Models      []string                `json:"models,omitempty" doc:"during an experiment: the version of the model that predicted each call"`
	}
}

type explainInput struct {
	Upload
	Words int `query:"words" default:"3" minimum:"0" maximum:"20" doc:"number of the most influential turns whose words are explained"`
}

type explainOutput struct{ Body explanation }

type explanation struct {
	*conversion.Explanation
	Model string `json:"model" doc:"version of the model"`
}

type modelOutput struct{ Body modelInfo }

type modelInfo struct {
	Version string    `json:"version"`
	Created time.Time `json:"created"`
	conversion.Info
}

type liveInput struct {
	Upload
}

// A LiveID names a call in progress in the path of a request. It is exported for the framework.
type LiveID struct {
	ID string `path:"id" maxLength:"64" doc:"id of the call in progress, as POST /v1/live returned it"`
}

type turnInput struct {
	LiveID
	Upload
}

type liveOutput struct {
	Location string `header:"Location" doc:"path of the call in progress"`
	Body     liveState
}

type liveNow struct{ Body liveState }

// routes describes the operations and their handlers.
func (s *service) routes(mux *http.ServeMux) huma.API {
	config := huma.DefaultConfig("salesconv", "1")
	config.Info.Description = "Predicts which sales calls convert, and explains why."
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.CreateHooks = nil // no links to schemas in responses
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer"}}
	config.Security = []map[string][]string{{"key": {}}, {}}
	api := humago.New(mux, config)
	s.schemas = newSchemas(api.OpenAPI().Components.Schemas, s.limits.Calls)
	register(s, api, operation{http.MethodPost, "/v1/predict", "predict", "Probabilities that calls are won"}, s.postPredict)
	register(s, api, operation{http.MethodPost, "/v1/explain", "explain", "What each turn of a call contributes to the log-odds"}, s.postExplain)
	register(s, api, operation{http.MethodGet, "/v1/model", "model", "The model, its training data and held-out figures"}, s.getModel)
	register(s, api, operation{http.MethodPost, "/v1/live", "beginLive", "Begin a call in progress"}, s.postLive)
	register(s, api, operation{http.MethodGet, "/v1/live/{id}", "getLive", "A call in progress"}, s.getLive)
	register(s, api, operation{http.MethodPost, "/v1/live/{id}/turns", "addTurn", "Add a turn to a call in progress"}, s.postTurn)
	register(s, api, operation{http.MethodGet, "/v1/live/{id}/events", "liveEvents", "Server-sent events: the state of a call now and after each turn"}, s.getEvents)
	register(s, api, operation{http.MethodDelete, "/v1/live/{id}", "endLive", "End a call in progress"}, s.deleteLive)
	s.describe(api.OpenAPI())
	return api
}

type operation struct{ method, path, id, summary string }

// register adds an operation, whose errors become problems.
func register[I, O any](s *service, api huma.API, o operation, handle func(context.Context, *I) (*O, error)) {
	op := huma.Operation{
		Method: o.method, Path: o.path, OperationID: o.id, Summary: o.summary,
		Errors: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout},
	}
	if o.id == "beginLive" {
		op.DefaultStatus = http.StatusCreated
	}
	if strings.Contains(o.path, "{id}") {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	if o.method == http.MethodPost {
		op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusForbidden, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if o.method == http.MethodDelete {
		op.Errors = append(op.Errors, http.StatusForbidden)
	}
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, s.failed(ctx, err)
		}
		return out, nil
	})
}

// describe adds the bodies of requests, which the operations read by themselves.
func (s *service) describe(doc *huma.OpenAPI) {
	doc.Paths["/v1/predict"].Post.RequestBody = s.schemas.requestBody(true)
	doc.Paths["/v1/explain"].Post.RequestBody = s.schemas.requestBody(false)
	doc.Paths["/v1/live"].Post.RequestBody = jsonBody(false, liveSchema)
	doc.Paths["/v1/live/{id}/turns"].Post.RequestBody = jsonBody(true, turnSchema)
	events := doc.Paths["/v1/live/{id}/events"].Get.Responses["200"]
	events.Content = map[string]*huma.MediaType{"text/event-stream": {}}
}

// failed makes a problem of any error.
func (s *service) failed(ctx context.Context, err error) error {
	p, ok := errors.AsType[*problem](err)
	switch {
	case ok:
	case errors.Is(err, context.DeadlineExceeded):
		p = newProblem(http.StatusGatewayTimeout, "", "it took longer than %v: send fewer or shorter calls, or try again later", s.limits.Time)
	case errors.Is(err, context.Canceled):
		p = newProblem(statusLeft, "", "the client left")
	default:
		if se := huma.StatusError(nil); errors.As(err, &se) {
			return err
		}
		s.log.Error("request failed", "request", requestID(ctx), "error", err)
		p = newProblem(http.StatusInternalServerError, "", "internal error: the log of the service has the reason, with the id of this request")
	}
	p.Instance = requestURN(requestID(ctx))
	return p
}

func (s *service) postPredict(ctx context.Context, in *predictInput) (*predictOutput, error) {
	calls, err := in.calls(ctx, s)
	if err != nil {
		return nil, err
	}
	all, versions, err := s.predict(ctx, calls, in.ByTurn)
	if err != nil {
		return nil, err
	}
	out := new(predictOutput)
	out.Body.Predictions = all
	if len(versions) > 0 {
		out.Body.Model = versions[0]
	} else {
		out.Body.Model = s.model.predictor().Version()
	}
	if s.experiment != nil {
		out.Body.Models = versions
	}
	return out, nil
}

func (s *service) postExplain(ctx context.Context, in *explainInput) (*explainOutput, error) {
	calls, err := in.calls(ctx, s)
	if err != nil {
		return nil, err
	}
	if len(calls) != 1 {
		return nil, newProblem(http.StatusUnprocessableEntity, "body", "it has %d calls: send one at a time", len(calls))
	}
	words := in.Words
	if words == 0 {
		words = -1 // none
	}
	m, _ := s.assign(calls[0].ID, calls[0].Metadata.Value("customer_id"))
	p, out := m.predictor(), new(explainOutput)
	out.Body.Model = p.Version()
	err = s.alone(ctx, s.explanations, ticketOf(ctx).client, len(calls[0].Text), func(ctx context.Context) (err error) {
		out.Body.Explanation, err = p.Explain(ctx, calls[0], &conversion.ExplainOptions{Words: words, Seed: 1})
		return err
	})
	if err != nil {
		return nil, err
	}
	if out.Body.Turns == nil {
		out.Body.Turns = []conversion.TurnShare{} // nobody says a word
	}
	return out, nil // which is not stored: who asks why has asked for the prediction, or that would count twice
}

func (s *service) getModel(context.Context, *struct{}) (*modelOutput, error) {
	p := s.model.predictor()
	info := p.Info()
	return &modelOutput{modelInfo{Version: p.Version(), Created: info.Created, Info: info}}, nil
}

func (s *service) postLive(ctx context.Context, in *liveInput) (*liveOutput, error) {
	var begin struct {
		Call     string `json:"call"`
		Customer string `json:"customer"`
	}
	if err := in.json(s, liveSchema, &begin); err != nil {
		return nil, err
	}
	c, err := s.live.begin(ticketOf(ctx).client, begin.Call, begin.Customer)
	if err != nil {
		return nil, err
	}
	return &liveOutput{Location: "/v1/live/" + c.id, Body: c.now}, nil
}

func (s *service) getLive(_ context.Context, in *LiveID) (*liveNow, error) {
	c, err := s.live.find(in.ID)
	if err != nil {
		return nil, err
	}
	now, _, _ := c.state()
	return &liveNow{now}, nil
}

func (s *service) postTurn(ctx context.Context, in *turnInput) (*liveNow, error) {
	c, err := s.live.find(in.ID)
	if err != nil {
		return nil, err
	}
	var turn struct {
		Text string `json:"text"`
	}
	if err := in.json(s, turnSchema, &turn); err != nil {
		return nil, err
	}
	now, err := s.live.add(ctx, c, turn.Text)
	if err != nil {
		return nil, err
	}
	return &liveNow{now}, nil
}

func (s *service) getEvents(_ context.Context, in *LiveID) (*huma.StreamResponse, error) {
	c, err := s.live.find(in.ID)
	if err != nil {
		return nil, err
	}
	return s.stream(c), nil
}

func (s *service) deleteLive(ctx context.Context, in *LiveID) (*struct{}, error) {
	c, err := s.live.find(in.ID)
	if err != nil {
		return nil, err
	}
	s.live.end(context.WithoutCancel(ctx), c)
	return nil, nil
}
