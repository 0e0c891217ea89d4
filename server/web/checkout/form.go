package checkout

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"usher/server/sales"
	"usher/server/web/site"
)

// products lists the products that a form names, sorted.
func products(form url.Values) (list []string) {
	for name := range form {
		for _, prefix := range []string{"n.", "seat."} {
			if code, is := strings.CutPrefix(name, prefix); is {
				list = append(list, code)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// read takes what a form says of the buyer and the holders. It is checked by whoever
// keeps it.
func read(form url.Values, a *asked) sales.Details {
	d := sales.Details{
		Name: form.Get("name"), Email: form.Get("email"), Address: strings.ReplaceAll(strings.TrimSpace(form.Get("address")), "\r\n", "\n"),
		Language: a.speech.Code(), Terms: form.Get("terms") != "",
	}
	for i, p := range a.order.Places() {
		h := sales.Holder{Name: form.Get(field(i, "name"))}
		if p.Emails {
			h.Email = form.Get(field(i, "email"))
		}
		if offer, known := a.shop.OfferByCode(p.Offer); known {
			h.Answers = site.Answers(form, i, offer.Questions)
		}
		d.Holders = append(d.Holders, h)
	}
	return d
}

func field(i int, name string) string { return fmt.Sprintf("h.%d.%s", i, name) }

var (
	holderEmail  = regexp.MustCompile(`^holders\[(\d+)\]\.email$`)
	holderName   = regexp.MustCompile(`^holders\[(\d+)\]\.name$`)
	holderAnswer = regexp.MustCompile(`^holders\[(\d+)\]\.answers\.(.+)$`)
)

// blame puts all that is wrong beside the fields that it is wrong with.
func (v *view) blame(err error) {
	for _, wrong := range site.Faults(err) {
		field, words := wrong.Where, "order.wrong_field"
		switch where := wrong.Where; {
		case where == "name":
			words = "order.need_name"
		case where == "email":
			words = "order.need_email"
		case where == "terms":
			words = "order.need_terms"
		case where == "method":
			words = "order.need_method"
		case holderName.MatchString(where):
			field, words = "h."+holderName.FindStringSubmatch(where)[1]+".name", "order.need_holder"
		case holderEmail.MatchString(where):
			field, words = "h."+holderEmail.FindStringSubmatch(where)[1]+".email", "order.need_holder_email"
		case holderAnswer.MatchString(where):
			found := holderAnswer.FindStringSubmatch(where)
			field, words = "h."+found[1]+".a."+found[2], "order.need_answer"
		}
		v.Problems = append(v.Problems, site.Problem{Field: field, Text: v.T(words)})
	}
}
