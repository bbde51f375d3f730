package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

// A problem is the body of every response that reports an error, by RFC 9457.
type problem struct {
	Type   string `json:"type" doc:"about:blank: the status is the kind of problem" format:"uri-reference"`
	Title  string `json:"title" doc:"what the status means"`
	Status int    `json:"status" minimum:"400" maximum:"599"`
	Detail string `json:"detail" doc:"the error in this request, and the remedy"`
	// Instance names the request, as the header X-Request-Id does.
	Instance string  `json:"instance,omitempty" doc:"the request, by its X-Request-Id" format:"uri-reference"`
	Errors   []field `json:"errors,omitempty" doc:"the fields that are wrong"`

	retry time.Duration // for the header Retry-After
}

// A field is something that is wrong with one field of a request.
type field struct {
	Location string `json:"location" doc:"such as body[2].label, path.id or header.Content-Type"`
	Message  string `json:"message"`
}

func (p *problem) Error() string             { return p.Detail }
func (p *problem) GetStatus() int            { return p.Status }
func (p *problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// GetHeaders says when a client that is refused for now may try again.
func (p *problem) GetHeaders() http.Header {
	if p.retry == 0 {
		return nil
	}
	return http.Header{"Retry-After": {strconv.Itoa(int(p.retry.Seconds()))}}
}

// newProblem returns a problem, with the field that is wrong if a location is given.
func newProblem(status int, location, format string, args ...any) *problem {
	p := &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: fmt.Sprintf(format, args...)}
	if location != "" {
		p.Errors = []field{{Location: location, Message: p.Detail}}
		p.Detail = location + ": " + p.Detail
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		p.retry = time.Second
	}
	return p
}

// The framework reports errors as problems, too. Values of the request are not repeated: they may be what was said in a call.
func init() {
	huma.ValidateStrictCasing = true // a key in other letters is another key
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return frameworkProblem(status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := frameworkProblem(status, message, errs)
		p.Instance = requestURN(requestID(ctx.Context()))
		return p
	}
}

func frameworkProblem(status int, message string, errs []error) *problem {
	p := newProblem(status, "", "%s", message)
	for _, err := range errs {
		if d := (huma.ErrorDetailer)(nil); errors.As(err, &d) {
			f := field{d.ErrorDetail().Location, d.ErrorDetail().Message}
			var missing string
			if n, _ := fmt.Sscanf(f.Message, validation.MsgExpectedRequiredProperty, &missing); n == 1 {
				f.Location += "." + missing
			}
			p.Errors = append(p.Errors, f)
		}
	}
	if len(p.Errors) > 0 {
		p.Detail = p.Errors[0].Location + ": " + p.Errors[0].Message
	}
	return p
}

// write sends the problem outside of the framework, and names the request in it.
func (p *problem) write(w http.ResponseWriter, request string) {
	h := w.Header()
	for name, values := range p.GetHeaders() {
		h[name] = values
	}
	h.Set("Content-Type", problemType)
	p.Instance = requestURN(request)
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p) // to a client that may have left
}

func requestURN(id string) string { return "urn:request:" + id }
