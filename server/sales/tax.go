package sales

import (
	"cmp"
	"slices"
)

// whole is 100 percent in basis points.
const whole = 10_000

// taxIn is the tax that an amount includes at a rate in basis points, half a minor
// unit up.
func taxIn(amount, rate int64) int64 {
	return (2*amount*rate + whole + rate) / (2 * (whole + rate))
}

// TaxPart is what an order contains at one rate.
type TaxPart struct {
	Rate  int64 `json:"rate"`  // basis points
	Gross int64 `json:"gross"` // minor units, as the next two
	Net   int64 `json:"net"`
	Tax   int64 `json:"tax"`

	fees int64 // of Gross
}

// Taxes lists what the order contains by tax rate, the lowest first. The tax is
// that of the sum at a rate, so it is rounded once.
func (o *Order) Taxes() []TaxPart { return o.parts(o.all(), true) }

// parts lists what some of the order's tickets contain, with or without the
// order's own fee.
func (o *Order) parts(numbers []int, fee bool) (list []TaxPart) {
	add := func(rate, price, fees int64) {
		if price+fees == 0 {
			return
		}
		i := slices.IndexFunc(list, func(p TaxPart) bool { return p.Rate == rate })
		if i < 0 {
			i, list = len(list), append(list, TaxPart{Rate: rate})
		}
		list[i].Gross += price + fees
		list[i].fees += fees
	}
	places := o.Places()
	for _, n := range numbers {
		p := &places[n]
		if p.Listing != "" { // the price is the seller's, who pays no tax here
			add(0, p.Price, 0)
			add(p.FeeTax, 0, p.Item.Fee)
			continue
		}
		add(p.Tax, p.Price, p.Item.Fee)
	}
	if fee {
		add(o.FeeTax, 0, o.Fee)
	}
	for i := range list {
		list[i].Tax = taxIn(list[i].Gross, list[i].Rate)
		list[i].Net = list[i].Gross - list[i].Tax
	}
	slices.SortFunc(list, func(a, b TaxPart) int { return cmp.Compare(a.Rate, b.Rate) })
	return list
}

// all numbers the order's places.
func (o *Order) all() []int {
	numbers := make([]int, len(o.Places()))
	for n := range numbers {
		numbers[n] = n
	}
	return numbers
}

// split is an amount by where it goes.
type split struct {
	sales, service, tax int64
}

func (s split) minus(other split) split {
	return split{s.sales - other.sales, s.service - other.service, s.tax - other.tax}
}

func (s split) total() int64 { return s.sales + s.service + s.tax }

// split is the split of all of the order.
func (o *Order) split() split { return o.splitOf(o.all(), true) }

// splitOf is the split of some of the order's tickets. What a part refund gives back
// is the difference of two, so parts sum up to the whole.
func (o *Order) splitOf(numbers []int, fee bool) (s split) {
	for _, p := range o.parts(numbers, fee) {
		service := p.fees - taxIn(p.fees, p.Rate)
		s.service += service
		s.sales += p.Net - service
		s.tax += p.Tax
	}
	return s
}

// Fees is what the order contains beside its prices.
func (o *Order) Fees() int64 {
	sum := o.Fee
	for _, item := range o.Items {
		sum += int64(item.Count) * item.Fee
	}
	return sum
}
