package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"usher/server/sales"
)

// boughtByCard buys so many tickets that cost something, and gives the path of the order.
func (l *till) boughtByCard(email, count string) string {
	l.t.Helper()
	path := l.begin("n.ga=" + count)
	l.buysByCard(path, email)
	l.shows(path, "Your tickets are ready")
	return path
}

// The organiser refunds many orders from the list in one go, finds those of which a refund
// failed, has the provider asked again for one and writes down that another was given by
// hand; buyers see on their pages how far it is.
func TestRefundingMany(t *testing.T) {
	l := newTill(t)
	manager := "Authorization: Bearer " + l.key
	mine, others, third := l.boughtByCard("ada@example.org", "1"), l.boughtByCard("bea@example.org", "2"), l.boughtByCard("cy@example.org", "1")
	byMail := map[string]sales.Order{}
	found, err := l.Sales.Find(t.Context(), sales.Search{State: sales.Paid})
	if err != nil || len(found) != 3 {
		t.Fatalf("%d orders, %v", len(found), err)
	}
	for _, o := range found {
		byMail[o.Details.Email] = o
	}
	ada, bea, cy := byMail["ada@example.org"], byMail["bea@example.org"], byMail["cy@example.org"]
	form := url.Values{"key": {"k"}, "why": {"storm warning"}, "order": {ada.Code, bea.Code, "0000000000"}}
	for name, c := range map[string]struct {
		form   string
		header []string
		want   int
	}{
		"without the key": {form.Encode(), nil, http.StatusUnauthorized}, "of none": {"why=x&key=k", []string{manager}, http.StatusUnprocessableEntity},
		"by another site": {form.Encode(), []string{manager, "Sec-Fetch-Site: cross-site"}, http.StatusForbidden},
	} {
		if answer, body := l.post("/manage/orders", c.form, c.header...); answer.StatusCode != c.want {
			t.Errorf("%s: status %d: %.300s", name, answer.StatusCode, body)
		}
	}
	for range 2 { // the form sent twice
		answer, body := l.post("/manage/orders", form.Encode(), manager)
		if answer.StatusCode != http.StatusConflict || !strings.Contains(body, "2 orders are refunded.") || !strings.Contains(body, "there is no order 0000000000") {
			t.Errorf("status %d: %s", answer.StatusCode, body)
		}
	}
	l.shows(mine, "asked for: it goes on its way in a moment")
	if err := l.Sales.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.shows(mine, "on its way to you, since")
	var back int64
	if err := l.DB.Read().QueryRowContext(t.Context(), `select coalesce(sum(amount), 0) from sandbox_refund`).Scan(&back); err != nil || back != ada.Total+bea.Total {
		t.Errorf("%d went back of %d, %v", back, ada.Total+bea.Total, err)
	}
	if o, err := l.Sales.Order(t.Context(), cy.ID); err != nil || o.Refunded != 0 || !strings.Contains(l.shows(third), "Your tickets are ready") {
		t.Errorf("the third order is %+v, %v", o, err)
	}

	if err := l.DB.Exec(t.Context(), `update order_refund set state = 'refused', problem = 'the account is closed'`); err != nil {
		t.Fatal(err)
	}
	l.shows(others, "the organiser gives it back by other means")
	if _, list := l.get("/manage/orders?state=refund_failed", manager); !strings.Contains(list, ada.Code) || !strings.Contains(list, bea.Code) || strings.Contains(list, cy.Code) {
		t.Errorf("of refunds that failed the list has: %s", list)
	}
	for _, c := range []struct {
		o         sales.Order
		act, form string
		want      string
	}{{ada, "retry", "", "made"}, {bea, "by-hand", "how=transfer+7", "by hand"}} {
		page := "/manage/orders/" + c.o.Code
		if _, body := l.get(page, manager); !strings.Contains(body, "failed") || !strings.Contains(body, "the account is closed") {
			t.Errorf("the order's page doesn't say that its refund failed: %s", body)
		}
		answer, body := l.post(page+"/"+c.act, "refund="+url.QueryEscape(c.o.ID+"/refund/many/k")+"&"+c.form, manager)
		if answer.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: status %d: %s", c.act, answer.StatusCode, body)
		}
		if _, body = l.get(page, manager); !strings.Contains(body, `>`+c.want+`</span>`) {
			t.Errorf("after %s the page lacks %q: %s", c.act, c.want, body)
		}
	}
	if _, list := l.get("/manage/orders?state=refund_failed", manager); !strings.Contains(list, "No order fits") {
		t.Errorf("in the end the list has: %s", list)
	}
}
