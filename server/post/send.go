package post

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"usher/sync/fault"
)

// ErrRefused means that a mail server will never take a message.
var ErrRefused = errors.New("the mail server refuses it")

// ErrPutOff means that a mail server doesn't take a message now, and may later: a full
// mailbox, or a server that wants strangers to come back (greylisting).
var ErrPutOff = errors.New("the mail server puts it off")

// Run sends what is queued until ctx ends, then finishes what is on its way.
func (p *Post) Run(ctx context.Context) {
	if p.Transport == nil {
		return
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	failing := ""
	for ctx.Err() == nil {
		switch err := p.Drain(ctx); {
		case err == nil:
			failing = ""
		case ctx.Err() == nil && err.Error() != failing:
			failing = err.Error()
			p.Log.Warn("the outbox can't be worked off", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-p.wake:
		case <-tick.C:
		}
	}
}

// Drain sends what is due now, and returns when that was sent or put off.
func (p *Post) Drain(ctx context.Context) error {
	if p.Transport == nil {
		return nil
	}
	if found, err := p.due(ctx); err != nil || !found {
		return err
	}
	var working sync.WaitGroup
	failed := make(chan error, senders)
	for range senders {
		working.Go(func() { failed <- p.work(ctx) })
	}
	working.Wait()
	close(failed)
	var all []error
	for err := range failed {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// work takes and sends until nothing is due, or no mail server can be reached.
func (p *Post) work(ctx context.Context) error {
	for ctx.Err() == nil {
		taken, err := p.take(ctx, takeAtOnce)
		if err != nil {
			return err
		}
		if len(taken) == 0 { // by others, perhaps, who saw the same on PostgreSQL
			if more, err := p.due(ctx); err != nil || !more {
				return err
			}
			continue
		}
		// What was taken is finished even when the server is told to stop: a mail
		// that is half sent would be sent again.
		broken, err := p.sendAll(context.WithoutCancel(ctx), taken)
		if err != nil || broken {
			return err
		}
	}
	return nil
}

// sendAll sends mails over one connection. When it breaks the rest is put off
// with what broke it.
func (p *Post) sendAll(ctx context.Context, mails []Queued) (broken bool, err error) {
	session, failed := p.Transport.Open(ctx)
	if failed == nil {
		defer func() { _ = session.Close() }() // what matters was answered before
	}
	for _, m := range mails {
		err = errors.Join(err, p.send(ctx, session, m, &failed))
	}
	return failed != nil, err
}

// send sends one mail and notes what became of it; the error is that of noting.
// broken is why the connection can't be used, nil while it can.
func (p *Post) send(ctx context.Context, session Session, m Queued, broken *error) error {
	if *broken != nil {
		return p.retry(ctx, m, *broken)
	}
	letter, err := p.Compose(ctx, m.Mail)
	if errors.Is(err, fault.Expired) {
		return p.done(ctx, m, Dropped, fault.Message(err))
	}
	if err != nil {
		return p.retry(ctx, m, err)
	}
	msg, err := p.message(m, letter)
	if err != nil {
		return p.fail(ctx, m, err)
	}
	err = session.Send(ctx, msg)
	switch {
	case err == nil:
		p.Log.DebugContext(ctx, "a mail was sent", "kind", m.Kind, "about", m.About)
		return p.done(ctx, m, Sent, "")
	case errors.Is(err, ErrRefused):
		return p.fail(ctx, m, err)
	case errors.Is(err, ErrPutOff): // the others may be taken
		return p.retry(ctx, m, err)
	}
	*broken = err
	return p.retry(ctx, m, err)
}

// retry puts a mail off, or gives it up when its time is over.
func (p *Post) retry(ctx context.Context, m Queued, why error) error {
	now := p.Now()
	if now.Sub(m.Queued) >= GiveUp && m.Tries >= LeastTries {
		return p.fail(ctx, m, why)
	}
	return p.later(ctx, m, now.Add(pause(m.Tries)), said(why))
}

// pause is the wait after so many tries.
func pause(tries int) time.Duration {
	wait := firstPause
	for n := 1; n < tries && wait < maxPause; n++ {
		wait *= 2
	}
	return min(wait, maxPause)
}

// fail gives a mail up. The log gets no address; the organiser sees it.
func (p *Post) fail(ctx context.Context, m Queued, why error) error {
	p.Log.ErrorContext(ctx, "a mail was given up", "kind", m.Kind, "about", m.About, "tries", m.Tries, "queued", m.Queued)
	return p.done(ctx, m, Failed, said(why))
}

// said is what the organiser is told of an error: of a mail server all of it, of
// our own what is safe to show.
func said(err error) string {
	var known *fault.Error
	if errors.As(err, &known) {
		return fault.Message(err)
	}
	return err.Error()
}

// message writes the message of a letter.
func (p *Post) message(m Queued, l Letter) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	from := p.From
	msg.FromMailAddress(&from)
	if err := msg.To(m.To); err != nil {
		return nil, err
	}
	msg.Subject(Line(l.Subject))
	msg.SetMessageIDWithValue(p.messageID(m.ID))
	msg.SetDateWithValue(m.Queued)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no vacation notes, please
	if l.ReplyTo.Address != "" {
		if err := msg.ReplyToFormat(Line(l.ReplyTo.Name), l.ReplyTo.Address); err != nil {
			return nil, err
		}
	}
	if l.Language != "" {
		msg.SetGenHeader(gomail.HeaderContentLang, Line(l.Language))
	}
	msg.SetBodyString(gomail.TypeTextPlain, l.Text)
	if l.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	}
	for _, f := range l.Files {
		msg.AttachReadSeeker(fileName(f.Name), bytes.NewReader(f.Body), gomail.WithFileContentType(gomail.ContentType(f.Type)))
	}
	if p.Sign != nil {
		return msg, p.Sign.sign(msg)
	}
	return msg, nil
}

// domainOf gives what stands behind the @ of an address.
func domainOf(address string) string {
	if at := strings.LastIndexByte(address, '@'); at >= 0 && at+1 < len(address) {
		return address[at+1:]
	}
	return "usher.invalid"
}
