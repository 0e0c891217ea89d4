// Package vectors reads files of test vectors for tickets and judges them, so
// that usher can be held against an independent verifier: the same file, the
// same verdicts.
//
// A file has defaults (keys, event, clock, window) and vectors: a token, what is
// expected of it, and what of the defaults is different for it. Only accept or
// reject counts as expected; the words of a reason are advice.
//
// A member of a context that isn't known fails the whole file: a verdict on a
// half-understood context would look like an answer.
package vectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"usher/crypto/ticket"
)

// MaxFile is the most bytes a file of vectors may have.
const MaxFile = 64 << 20

// File is a file of vectors.
type File struct {
	Format  string
	Vectors []Vector
}

// Vector is one token and what is expected of it.
type Vector struct {
	ID     string
	Token  string
	Accept bool   // what is expected
	Reason string // advice: why it should be refused
	Group  string // advice: the layer that should refuse it
	Note   string

	// Problem says why the vector's context can't be understood, "" where it is.
	// Such a vector is refused with ReasonContext; the others are judged all the
	// same.
	Problem string

	context context
}

// ReasonContext is the reason of a vector whose context can't be understood.
const ReasonContext = "context"

// Result is a verdict on one vector.
type Result struct {
	ID     string `json:"id"`
	OK     bool   `json:"ok"`     // accepted: genuine, and good in its context
	Reason string `json:"reason"` // the word of the refusal; "" where accepted
}

type wireFile struct {
	Format    string            `json:"format"`
	TicketAAD string            `json:"ticket_aad"`
	ProofAAD  string            `json:"proof_aad"`
	Defaults  json.RawMessage   `json:"defaults"`
	Vectors   []json.RawMessage `json:"vectors"`
}

type wireVector struct {
	ID     string          `json:"id"`
	Token  *string         `json:"token"`
	Expect string          `json:"expect"`
	Reason string          `json:"reason"`
	Group  string          `json:"group"`
	Note   string          `json:"note"`
	Ctx    json.RawMessage `json:"ctx"`
}

// Load reads a file of vectors. The error names the vector and the member.
func Load(r io.Reader) (*File, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading vectors: %w", err)
	}
	if len(b) > MaxFile {
		return nil, fmt.Errorf("reading vectors: more than %d bytes", MaxFile)
	}
	var wire wireFile
	if err := json.Unmarshal(b, &wire); err != nil {
		return nil, fmt.Errorf("reading vectors: %w", err)
	}
	return wire.file()
}

func (w wireFile) file() (*File, error) {
	if w.TicketAAD != "" && w.TicketAAD != ticketAAD || w.ProofAAD != "" && w.ProofAAD != proofAAD {
		return nil, fmt.Errorf("reading vectors: signed for %q and %q, want %q and %q",
			w.TicketAAD, w.ProofAAD, ticketAAD, proofAAD)
	}
	if len(w.Vectors) == 0 {
		return nil, errors.New("reading vectors: there are none")
	}
	defaults, err := context{}.override(w.Defaults)
	if err != nil {
		return nil, fmt.Errorf("reading vectors: defaults: %w", err)
	}
	file := &File{Format: w.Format, Vectors: make([]Vector, len(w.Vectors))}
	for i, raw := range w.Vectors {
		if file.Vectors[i], err = parseVector(raw, defaults); err != nil {
			return nil, fmt.Errorf("reading vectors: vector %d: %w", i+1, err)
		}
	}
	return file, nil
}

// The external AADs of the tickets that this package can judge.
const (
	ticketAAD = "usher-ticket-v1"
	proofAAD  = "usher-proof-v1"
)

func parseVector(raw json.RawMessage, defaults context) (Vector, error) {
	var w wireVector
	if err := json.Unmarshal(raw, &w); err != nil {
		return Vector{}, err
	}
	if w.ID == "" || w.Token == nil {
		return Vector{}, fmt.Errorf("%q: it has no id or no token", w.ID)
	}
	if w.Expect != "accept" && w.Expect != "reject" {
		return Vector{}, fmt.Errorf("%s: expect is %q, want accept or reject", w.ID, w.Expect)
	}
	v := Vector{
		ID: w.ID, Token: *w.Token, Accept: w.Expect == "accept",
		Reason: w.Reason, Group: w.Group, Note: w.Note,
	}
	var err error
	if v.context, err = defaults.override(w.Ctx); err != nil {
		v.Problem = fmt.Sprintf("%s: ctx: %v", w.ID, err)
	}
	return v, nil
}

// Judge judges a vector of the file.
func (f *File) Judge(v Vector) Result {
	if v.Problem != "" {
		return Result{ID: v.ID, Reason: ReasonContext}
	}
	if reason := v.context.judge(v.Token); reason != "" {
		return Result{ID: v.ID, Reason: string(reason)}
	}
	return Result{ID: v.ID, OK: true}
}

// judge gives the reason of a refusal, or "".
func (c context) judge(token string) ticket.Reason {
	t, err := ticket.Judge(token, ticket.Context{
		Keys:          c.ring(),
		Event:         c.event,
		Now:           c.now,
		Window:        &c.window,
		MaxChars:      c.maxChars,
		MinGeneration: func(id ticket.ID) uint32 { return c.minGeneration[id] },
		InRoster:      func(id ticket.ID) bool { return c.roster[id] },
		Challenge:     c.challenge,
	})
	var refusal *ticket.Error
	if errors.As(err, &refusal) {
		return refusal.Reason
	}
	if c.anyChallenge && (t.Proof == nil || !t.Proof.HasChallenge) {
		return ticket.ReasonChallenge
	}
	return ""
}
