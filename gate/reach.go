package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"

	"usher/gate/door"
	"usher/gate/scan"
	"usher/gate/signin"
	"usher/gate/store"
	"usher/gate/turnstile"
	"usher/sync/fault"
)

// Reached is a gate that this process works with, itself or through the agent
// that holds the gate's data.
type Reached interface {
	Scan(context.Context, door.Scan) (door.Answer, error)
	Shown(ctx context.Context, seq uint64) error
	Undo(context.Context, door.Undo) (door.Undone, error)
	Search(ctx context.Context, query string) (turnstile.Findings, error)
	// SignIn makes what follows the act of a person, until Close.
	SignIn(context.Context, door.SignIn) (door.Me, error)
	Status(context.Context) (door.Status, error)
	Sync(context.Context) (door.Status, error)
	Import(ctx context.Context, file io.ReadSeeker) (door.Imported, error)
	Shift
	Close() error
}

// Reach opens the gate in the data folder, or finds the agent that has it open.
func Reach(ctx context.Context, cfg Config) (Reached, error) {
	g, err := Open(ctx, cfg)
	if err == nil {
		return &direct{g: g}, nil
	}
	if !errors.Is(err, store.ErrLocked) {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(cfg.Data, agentFile))
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "another process has the gate in %s open, and it is no agent that could be asked; try again when it is done", cfg.Data)
	}
	jar, err := cookiejar.New(nil) // holds the session of who signs in
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "can't ask the gate's agent")
	}
	a := throughAgent{client: http.Client{Jar: jar}}
	if err := json.Unmarshal(text, &a.address); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the file that says where the agent of %s answers is damaged", cfg.Data)
	}
	return &a, nil
}

// direct works with the gate in this process.
type direct struct {
	g     *Gate
	token signin.Token
}

func (d *direct) Scan(ctx context.Context, s door.Scan) (door.Answer, error) {
	if scan.Classify(s.Text).Kind == scan.RoleCard {
		me, err := d.SignIn(ctx, door.SignIn{Card: s.Text})
		if err != nil {
			return door.Answer{}, err
		}
		return door.Greeted(me, door.English()), nil
	}
	return door.Judge(ctx, d.g.Turnstile, d.g.Desk, d.who(), s, door.English())
}

func (d *direct) Shown(_ context.Context, seq uint64) error {
	d.g.Turnstile.Shown(seq)
	return nil
}

func (d *direct) Undo(ctx context.Context, u door.Undo) (door.Undone, error) {
	return door.TakeBack(ctx, d.g.Turnstile, d.g.Desk, d.who(), u, door.English())
}

func (d *direct) Search(_ context.Context, query string) (turnstile.Findings, error) {
	if err := d.who().Must(signin.Search); err != nil {
		return turnstile.Findings{}, err
	}
	return d.g.Turnstile.Search(query)
}

func (d *direct) who() signin.Who { return d.g.Desk.Who(d.token) }

func (d *direct) SignIn(ctx context.Context, s door.SignIn) (door.Me, error) {
	token, who, err := door.Identify(ctx, d.g.Desk, s)
	if err != nil {
		return door.Me{}, err
	}
	d.token = token
	return door.MeOf(d.g.Desk, who), nil
}

func (d *direct) Status(ctx context.Context) (door.Status, error) { return d.g.Status(ctx), nil }

func (d *direct) Sync(ctx context.Context) (door.Status, error) {
	err := d.g.Sync(ctx)
	return d.g.Status(ctx), err
}

func (d *direct) Import(ctx context.Context, file io.ReadSeeker) (door.Imported, error) {
	return d.g.Import(ctx, file)
}

func (d *direct) Close() error { return d.g.Close() }

// throughAgent asks the agent's local API.
type throughAgent struct {
	address  address
	client   http.Client
	signedIn bool
}

func (a *throughAgent) Scan(ctx context.Context, s door.Scan) (answer door.Answer, err error) {
	err = a.post(ctx, "api/scan", s, &answer)
	a.signedIn = a.signedIn || answer.Result == door.ResultSignedIn
	return answer, err
}

func (a *throughAgent) Shown(ctx context.Context, seq uint64) error {
	return a.post(ctx, "api/shown", map[string]uint64{"seq": seq}, nil)
}

func (a *throughAgent) Undo(ctx context.Context, u door.Undo) (done door.Undone, err error) {
	return done, a.post(ctx, "api/undo", u, &done)
}

func (a *throughAgent) Search(ctx context.Context, query string) (found turnstile.Findings, err error) {
	return found, a.post(ctx, "api/search", map[string]string{"query": query}, &found)
}

func (a *throughAgent) SignIn(ctx context.Context, s door.SignIn) (me door.Me, err error) {
	err = a.post(ctx, "api/sign-in", s, &me)
	a.signedIn = a.signedIn || err == nil
	return me, err
}

func (a *throughAgent) Status(ctx context.Context) (s door.Status, err error) {
	return s, a.ask(ctx, http.MethodGet, "api/status", "", nil, &s)
}

func (a *throughAgent) Sync(ctx context.Context) (s door.Status, err error) {
	return s, a.post(ctx, "api/sync", struct{}{}, &s)
}

func (a *throughAgent) Import(ctx context.Context, file io.ReadSeeker) (done door.Imported, err error) {
	body := io.NopCloser(file) // a client closes what it can, and this is the caller's to close
	return done, a.ask(ctx, http.MethodPost, "api/import", "application/octet-stream", body, &done)
}

func (a *throughAgent) Close() error {
	defer a.client.CloseIdleConnections()
	if !a.signedIn {
		return nil
	}
	return a.post(context.Background(), "api/sign-out", struct{}{}, nil)
}

func (a *throughAgent) post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "can't write a request to the agent")
	}
	return a.ask(ctx, http.MethodPost, path, "application/json", bytes.NewReader(text), into)
}

// maxAnswer bounds what is read of an agent's answer, in bytes.
const maxAnswer = 4 << 20

func (a *throughAgent) ask(ctx context.Context, method, path, kind string, body io.Reader, into any) error {
	answer, err := a.send(ctx, method, path, kind, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(into); err != nil {
		return fault.Wrap(fault.Internal, err, "the gate's agent's answer can't be read")
	}
	return nil
}

// send asks the agent for something, and gives the answer if it is a good one. Its
// body has to be closed.
func (a *throughAgent) send(ctx context.Context, method, path, kind string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(a.address.URL, "/")+"/"+path, body)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "can't ask the gate's agent")
	}
	r.Header.Set("Authorization", "Bearer "+a.address.Key)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	answer, err := a.client.Do(r)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "the gate's agent at %s does not answer", a.address.URL)
	}
	if answer.StatusCode == http.StatusOK {
		return answer, nil
	}
	defer answer.Body.Close()
	var p fault.Problem
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&p); err != nil || p.Detail == "" {
		return nil, fault.New(fault.Unavailable, "the gate's agent answered %s", answer.Status)
	}
	return nil, p.Err()
}
