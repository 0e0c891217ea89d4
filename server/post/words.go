package post

import "strings"

// words say to an organiser what mail of a kind is about. The kinds are named by who
// queues them: server/sales, transfer, resale and accounts.
var words = map[string]string{
	"tickets": "tickets", "awaiting": "how to pay", "refund": "refund", "returned": "payment that goes back", "cancelled": "order cancelled",
	"lapsed": "order not paid in time", "given_back": "tickets given back", "void": "ticket no longer good",
	"called_off": "event called off", "called_off_holder": "event called off", "moved": "event moved", "moved_holder": "event moved",

	"transfer_link": "link to hand tickets on", "transfer_offer": "tickets offered", "transfer_offered": "offer made", "transfer_yours": "tickets received",
	"transfer_given": "tickets given away", "transfer_back": "offer taken back", "transfer_withdrawn": "offer withdrawn", "transfer_over": "offer that nobody accepted",
	"transfer_lapsed": "offer that is over",

	"resell_listed": "ticket put up for sale", "resell_ended": "ticket not for sale any more", "resell_sold": "ticket sold on", "resell_credited": "sale credited",
	"resell_paid": "sale paid out by hand", "resell_waits": "waiting list", "resell_offer": "ticket kept from the waiting list", "resell_gone": "ticket not kept any more",

	"sign_in": "link to the wallet",
}

// What says to a person what the mail is about.
func (m Mail) What() string {
	if said := words[m.Kind]; said != "" {
		return said
	}
	return strings.ReplaceAll(m.Kind, "_", " ")
}
