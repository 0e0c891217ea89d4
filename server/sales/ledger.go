package sales

import (
	"context"
	"errors"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// The accounts. What is at a provider, a bank or in a till is an account of its
// own, "at:stripe"; so are a provider's fees, "cost:stripe".
const (
	buyers   = "buyers"   // what buyers have bought and not paid
	sold     = "sales"    // net prices
	service  = "service"  // net fees
	taxes    = "tax"      // in prices and fees, for the tax office
	owed     = "owed"     // money that is to go back
	disputed = "disputed" // money that a buyer's bank has taken for now
	held     = "resale"   // prices of tickets that were sold on, until their sellers get them
	payouts  = "payouts"  // what sellers are to be paid by hand
)

// at is the account of the money that somebody holds for us.
func at(provider string) string { return "at:" + provider }

// cost is the account of what somebody keeps for that.
func cost(provider string) string { return "cost:" + provider }

// posting moves an amount from credit to debit.
type posting struct {
	debit, credit string
	amount        int64
	currency      string
	text          string
}

// post adds a posting; none of nothing. An amount below zero goes the other way.
func (a *act) post(debit, credit string, amount int64, currency, text string) {
	if amount < 0 {
		debit, credit, amount = credit, debit, -amount
	}
	if amount > 0 {
		a.moved = append(a.moved, posting{debit, credit, amount, currency, text})
	}
}

// postSale notes what was sold, from an account that pays for it. The price of what is
// sold on is held for its seller.
func (a *act) postSale(from string, s split, text string) {
	to := sold
	if a.Resold() {
		to = held
	}
	a.post(from, to, s.sales, a.Currency, text)
	a.post(from, service, s.service, a.Currency, text)
	a.post(from, taxes, s.tax, a.Currency, text)
}

// postBack notes that something is no longer sold, to an account that gets it. Whoever
// sold a ticket on is paid all the same, unless the act has undone that: the organiser
// takes the place back, and pays for it.
func (a *act) postBack(to string, s split, text string) {
	undone := max(0, min(a.undone, s.sales)) // prices are below zero where goodwill took of the fees before
	a.post(held, to, undone, a.Currency, text)
	a.undone, s.sales = a.undone-undone, s.sales-undone
	a.post(sold, to, s.sales, a.Currency, text)
	a.post(service, to, s.service, a.Currency, text)
	a.post(taxes, to, s.tax, a.Currency, text)
}

// Balance is how an account stands.
type Balance struct {
	Account  string `json:"account"`
	Currency string `json:"currency"`
	Debit    int64  `json:"debit"`
	Credit   int64  `json:"credit"`
}

// Balances lists the accounts by currency and name: of an event, or with "" of all.
func (s *Sales) Balances(ctx context.Context, event string) ([]Balance, error) {
	return balances(ctx, s.DB.Read(), event)
}

func balances(ctx context.Context, q sqldb.Queryer, event string) (list []Balance, err error) {
	rows, err := q.QueryContext(ctx, `
		select account, currency, sum(debit), sum(credit) from (
			select l.debit as account, l.currency as currency, l.amount as debit, 0 as credit
			from ledger l join sale_order o on o.id = l.order_id where $1 = '' or o.event = $1
			union all
			select l.credit, l.currency, 0, l.amount
			from ledger l join sale_order o on o.id = l.order_id where $1 = '' or o.event = $1) as side
		group by account, currency order by currency, account`, event)
	if err != nil {
		return nil, stored(err, "reading the ledger")
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b Balance
		if err := rows.Scan(&b.Account, &b.Currency, &b.Debit, &b.Credit); err != nil {
			return nil, stored(err, "reading the ledger")
		}
		list = append(list, b)
	}
	return list, stored(rows.Err(), "reading the ledger")
}

// Check sums the ledger up, and compares it with the orders: what is wrong is
// fault.Internal and says what.
func (s *Sales) Check(ctx context.Context) error {
	list, err := s.Balances(ctx, "")
	if err != nil {
		return err
	}
	sums := map[string]int64{}
	for _, b := range list {
		sums[b.Currency] += b.Debit - b.Credit
	}
	for currency, sum := range sums {
		if sum != 0 {
			return fault.New(fault.Internal, "the ledger sums to %d minor units of %s instead of nothing", sum, currency)
		}
	}
	var bad int
	var code string
	row := s.DB.Read().QueryRowContext(ctx, `
		select count(*), coalesce(min(code), '') from (
			select o.code as code from sale_order o left join ledger l on l.order_id = o.id
			where o.state in ('paid', 'part_refunded', 'refunded', 'expired', 'left', 'lapsed', 'open', 'paying')
			group by o.code having coalesce(sum(case when l.debit = 'buyers' then l.amount when l.credit = 'buyers' then -l.amount else 0 end), 0) <> 0) as wrong`)
	if err := row.Scan(&bad, &code); err != nil {
		return stored(err, "checking the ledger")
	}
	if bad > 0 {
		return fault.New(fault.Internal, "%d orders have an open account in the ledger and should not, order %s among them", bad, code)
	}
	return nil
}
