package shop

import (
	"bytes"
	"context"
	"embed"
	"testing"
	"text/template"
	"time"

	"usher/migrations/sqldb"
	"usher/server"
	"usher/server/catalog"
	"usher/server/sales"
)

//go:embed testdata
var files embed.FS

// applyFile applies an event of testdata, its times around now.
func applyFile(ctx context.Context, s *server.Server, name string) error {
	at := func(d time.Duration) string {
		return time.Now().Add(d).UTC().Truncate(time.Minute).Format(time.RFC3339)
	}
	const day = 24 * time.Hour
	t, err := template.ParseFS(files, "testdata/"+name)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, map[string]string{
		"Doors": at(20*day - time.Hour), "Starts": at(20 * day), "Ends": at(20*day + 4*time.Hour), "Later": at(3 * day),
		"NextMonth": at(30 * day), "NextMonthEnds": at(30*day + 3*time.Hour),
	}); err != nil {
		return err
	}
	spec, err := catalog.ParseFile(name, out.Bytes())
	if err == nil {
		_, err = s.Catalog.Apply(ctx, spec)
	}
	return err
}

// newest finds the order that was begun last.
var newest = sales.Search{Event: "DEMO", Limit: 1}

// bertha is a buyer.
func bertha(o *sales.Order) *sales.Details {
	d := &sales.Details{Name: "Bertha Benz-Kleinschmidt", Email: "bertha.benz@zweiwagenpferdestaerken.example", Terms: true, Language: "de"}
	for range o.Places() {
		d.Holders = append(d.Holders, sales.Holder{Name: "Eugen Maximilian Freiherr von Langenfeld", Email: "eugen.maximilian@zweiwagenpferdestaerken.example", Answers: map[string]string{"essen": "Fisch"}})
	}
	return d
}

// made is an order that a test made without a browser.
type made struct {
	t *testing.T
	sales.Order
}

// begun begins an order: two seats of the gala and a place to stand.
func begun(t *testing.T) *made {
	t.Helper()
	o, err := world.server.Sales.Begin(t.Context(), sales.Cart{Event: "GALA", Language: "de", Wanted: []sales.Wanted{{Offer: "parkett", Count: 2}, {Offer: "steh", Count: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	return &made{t, o}
}

func (m *made) is(o sales.Order, err error) *made {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
	m.Order = o
	return m
}

// pays goes on to pay, by a method.
func (m *made) pays(method string) *made {
	m.t.Helper()
	o, _, err := world.server.Sales.Pay(m.t.Context(), m.ID, sales.Payment{Method: method, Details: bertha(&m.Order)})
	return m.is(o, err)
}

// paid is an order whose money came by transfer.
func (m *made) paid() *made {
	m.t.Helper()
	m.pays(catalog.MethodInvoice)
	return m.is(world.server.Sales.Receive(m.t.Context(), m.ID, sales.Received{Via: sales.Bank, Ref: m.Code, Amount: m.Total, Who: "organiser"}))
}

// refunded gives some of its tickets back, or with none all of it.
func (m *made) refunded(tickets int) *made {
	m.t.Helper()
	return m.is(world.server.Sales.Refund(m.t.Context(), m.ID, sales.Refund{Key: "k", Tickets: m.Tickets[:tickets], Why: "wegen Erkrankung", Who: "organiser"}))
}

// turned has the database say that it is in a state which it takes a bank to come to.
func (m *made) turned(state sales.State) *made {
	m.t.Helper()
	if err := world.server.DB.InTx(m.t.Context(), func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `update sale_order set state = $1 where id = $2`, string(state), m.ID)
		return err
	}); err != nil {
		m.t.Fatal(err)
	}
	return m
}

// path is the address of the order's page.
func (m *made) path() string {
	m.t.Helper()
	link, err := world.server.Sales.Link(m.t.Context(), &m.Order)
	if err != nil {
		m.t.Fatal(err)
	}
	return "/order/" + link
}

// everyState makes an order in each state that has a page of its own.
func everyState(t *testing.T) map[string]*made {
	t.Helper()
	sold := world.server.Sales
	over := begun(t)
	pass(11 * time.Minute)
	return map[string]*made{
		"form": begun(t), "paying": begun(t).pays(catalog.MethodCard), "invoice": begun(t).pays(catalog.MethodInvoice), "box-office": begun(t).pays(catalog.MethodBoxOffice),
		"paid": begun(t).paid(), "part-refunded": begun(t).paid().refunded(1), "refunded": begun(t).paid().refunded(0), "over": over,
		"left": func() *made { m := begun(t); return m.is(sold.Leave(t.Context(), m.ID)) }(),
		"cancelled": func() *made {
			m := begun(t).pays(catalog.MethodInvoice)
			return m.is(sold.Cancel(t.Context(), m.ID, "der Saal steht unter Wasser", "organiser"))
		}(),
		"refunding": begun(t).turned(sales.Refunding), "disputed": begun(t).paid().turned(sales.Disputed), "lapsed": begun(t).pays(catalog.MethodInvoice).turned(sales.Lapsed),
	}
}
