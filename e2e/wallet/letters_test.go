package wallet

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/server/accounts"
	"usher/server/calloff"
	"usher/server/post"
	"usher/server/resale"
	"usher/server/ticketing"
	"usher/server/transfer"
)

// said is a mail as it is written.
type said struct {
	kind string
	post.Letter
}

// letters has a mail of every kind written, to people who speak a language.
func letters(t *testing.T, language string) (all []said) {
	t.Helper()
	ctx, s := t.Context(), world.server
	a := happen(t, "MAIL-"+strings.ToUpper(language), language)
	write := func(about, detail string, kinds ...string) {
		for _, kind := range kinds {
			all = append(all, said{kind, need(s.Post.Compose(ctx, post.Mail{Kind: kind, About: about, Detail: detail, To: a.paid.Details.Email}))(t)})
		}
	}
	write(a.paid.ID, "", "tickets")
	write(a.waiting.ID, "", "awaiting", "lapsed")
	write(a.paid.ID, "5050 the singer’s bus broke down", "refund", "cancelled")
	write(a.paid.ID, "mail.why_gone", "returned")
	write(a.paid.ID, "4545 505", "given_back")
	write(a.paid.ID, "the bank took the money back", "void")

	write("", a.offer.ID, "transfer_link", "transfer_back", "transfer_over")
	named := need(s.Transfers.Offer(ctx, transfer.Asked{
		Event: a.event, Tickets: a.tickets[:1], From: ticketing.Holder{Name: "Ada Lovelace", Email: a.paid.Details.Email},
		To: ticketing.Holder{Name: "Charles Babbage", Email: "charles@engines.example"}, Language: language,
	}))(t)
	write("", named.ID, "transfer_offer", "transfer_offered", "transfer_yours", "transfer_given", "transfer_withdrawn", "transfer_lapsed")

	need(s.Resale.TakeBack(ctx, a.listing.ID))(t) // or there is no reason for its end
	write("", a.listing.ID, "resell_listed", "resell_ended", "resell_sold", "resell_credited", "resell_paid")
	will := "will@" + strings.ToLower(a.event) + ".example"
	if err := s.Resale.Wait(ctx, a.event, will, language, 2); err != nil {
		t.Fatal(err)
	}
	left := need(s.Tickets.Of(ctx, a.event, a.back.Tickets[1:]))(t)
	kept := need(s.Resale.List(ctx, left[0], resale.Asked{Price: 5050}))(t)
	if err := s.Accounts.Ask(ctx, a.paid.Details.Email, language, language); err != nil {
		t.Fatal(err)
	}
	write("", detail(t, "resell_waits", will), "resell_waits")
	write("", detail(t, "resell_offer", will), "resell_offer")
	need(s.Resale.TakeBack(ctx, kept.ID))(t)
	write("", detail(t, "resell_gone", will), "resell_gone")
	write("", detail(t, accounts.MailKind, a.paid.Details.Email), accounts.MailKind)

	at := a.waiting.Until.Add(60 * 24 * time.Hour).Unix()
	need(s.CallOff.Move(ctx, a.event, calloff.Moving{Starts: at, Ends: at + 3600, Choose: at - 3600, Why: "the hall was flooded", Who: "Cleo"}))(t)
	write(a.paid.ID, "0 the hall was flooded", "moved", "moved_holder")
	need(s.CallOff.CallOff(ctx, a.event, "the hall is closed", "Cleo"))(t)
	write(a.paid.ID, "15150 the hall is closed", "called_off", "called_off_holder")
	return all
}

// detail gives what a mail that was queued to an address says beside its kind.
func detail(t *testing.T, kind, to string) (text string) {
	t.Helper()
	err := world.server.DB.Read().QueryRowContext(t.Context(), `select detail from mail where kind = $1 and address = $2`, kind, to).Scan(&text)
	if err != nil {
		t.Fatalf("no mail %s to %s: %v", kind, to, err)
	}
	return text
}

// wordless finds what stands where words should: a message's key, a place in one, or what
// fmt can't write.
var wordless = regexp.MustCompile(`\b(mail|resell|handover|giveback|off|wallet)\.[a-z]|[{}]|%!`)

// sheets shows letters each in a frame as wide as a phone.
var sheets = template.Must(template.New("").Parse(`<!doctype html>{{range .}}<iframe style="width:360px;height:740px;border:0" srcdoc="{{.HTML}}"></iframe>{{end}}`))

// Every mail that is ever sent fits a phone in each language, and nothing of it is without
// words.
func TestLettersFit(t *testing.T) {
	var shown []said
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := sheets.Execute(w, shown); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	p := newPhone(t, 1280, 800)
	for _, language := range []string{"en", "de", "fr", "es"} {
		shown = letters(t, language)
		p.must(p.Go(s.URL + "/" + language))
		type sheet struct {
			Wide int
			Text string
		}
		for i, seen := range eval[[]sheet](p, `[...document.querySelectorAll("iframe")].map(({ contentDocument: d }) => ({ Wide: d.documentElement.scrollWidth, Text: d.body.innerText }))`) {
			l := &shown[i]
			if seen.Wide > 360 {
				t.Errorf("%s in %s is %d pixels wide on a phone", l.kind, language, seen.Wide)
			}
			text := strings.ReplaceAll(l.Subject+"\n"+l.Text+seen.Text, world.url, "")
			if bare := wordless.FindString(text); bare != "" {
				t.Errorf("%s in %s says %q: %s", l.kind, language, bare, text)
			}
		}
		pictured(t, p, language, shown)
	}
}

// pictured has a picture taken of each letter by itself, where anybody wants them.
func pictured(t *testing.T, p *phone, language string, shown []said) {
	t.Helper()
	if *folder == "" {
		return
	}
	for _, l := range shown {
		p.must(p.Go("about:blank"))
		eval[bool](p, fmt.Sprintf(`(document.open(), document.write(%q), document.close(), true)`, l.HTML))
		p.show("mail-" + language + "-" + l.kind)
	}
}
