// Package sales takes an order from a cart to paid tickets, and back.
//
// # An order
//
// [Sales.Begin] holds places and makes an order of them; prices come from the
// catalogue. The buyer gives details ([Sales.Details]) and pays ([Sales.Pay]):
// by card at a payment provider, by invoice, at the box office, or not at all
// where nothing is due. An order moves along these arrows and no others (the
// table moves; docs/selling.md has the picture):
//
//	open      → paying, awaiting, paid, left, expired, cancelled, refunding
//	paying    → open, awaiting, paid, left, expired, cancelled, refunding
//	awaiting  → paid, lapsed, cancelled, refunding
//	left, expired, lapsed, cancelled → paid, refunding
//	refunding → refunded
//	paid, part_refunded → part_refunded, refunded, cancelled, disputed
//	disputed  → paid, part_refunded, charged_back
//
// # Money
//
// A payment is recorded when its provider says so, asked by [Sales.Settle] after a
// notice, a poll or the buyer's return, whichever comes first, any number of times.
// In one transaction the order is paid, its places are sold, its tickets are issued,
// its mail is queued and the ledger is written. A payment that comes when the hold
// is over takes the places again if they are there; one that can't be accepted (no
// places, another amount or currency, the order is paid by another) goes back.
// So one payment is one paid order with its tickets, or a refund.
//
// What is said to a provider is said outside transactions and under a key of the
// order's, so that it can be said again: a crash leaves a row that says what is to
// be done, and [Sales.Reconcile] does it.
//
// # Ledger
//
// Every row moves an amount from one account to another (double entry), so all
// accounts of a currency sum to zero by construction. See the accounts in ledger.go.
//
// # Rivals
//
// Each act on an order first moves its rev, which makes rivals wait. Rows are
// locked in one order: the order, its payment, its hold, pools, tickets, the event's
// journal; of several orders in the order of their ids. Who only has to write (details,
// the beginning of a payment) moves rev from where it was seen, or fails and looks.
//
// # Round trips
//
// A checkout asks a PostgreSQL six times: once for places and order, once for details
// and once for the payment's beginning, and three times to record it. Payments that
// come while others are being recorded are recorded together by the next transaction,
// which takes as long whether they are of one buyer or of many.
package sales
