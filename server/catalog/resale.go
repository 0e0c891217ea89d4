package catalog

import (
	"math/bits"
	"time"
)

// Limits of selling on.
const (
	maxCapPercent   = 1000
	maxOfferMinutes = 24 * 60

	defaultCapPercent   = 100
	defaultOfferMinutes = 30
)

// Resale is how people may sell tickets on that they have bought. Where a shop has
// none, they may not.
//
// # Amounts
//
// All are minor units. The cap is what the buyer pays at most, with the buyer's fee: a
// part of what the ticket cost at first with its own fee (but without the fee of the
// order as a whole), rounded down. A fee is a part of the seller's price, rounded to
// the nearest minor unit, a half up, and a fixed amount. Nothing else is rounded.
type Resale struct {
	Cap           int64 `json:"cap"`                      // basis points
	Until         int64 `json:"until"`                    // when the last is listed and sold, Unix s
	SellerRate    int64 `json:"seller_rate,omitempty"`    // basis points
	SellerFee     int64 `json:"seller_fee,omitempty"`     // kept of what the seller gets
	BuyerRate     int64 `json:"buyer_rate,omitempty"`     // basis points
	BuyerFee      int64 `json:"buyer_fee,omitempty"`      // on top of what the seller asks
	Tax           int64 `json:"tax,omitempty"`            // included in both fees, basis points
	WaitlistFirst bool  `json:"waitlist_first,omitempty"` // who waits is offered a ticket before the public is
	OfferMinutes  int   `json:"offer_minutes"`            // how long one of them has for that
}

// partOf is a part of an amount in basis points, rounded down, after adding so many
// parts of ten thousand. Amounts and rates are bounded far below an overflow.
func partOf(amount, rate, plus int64) int64 {
	hi, lo := bits.Mul64(uint64(amount), uint64(rate))
	lo, carry := bits.Add64(lo, uint64(plus), 0)
	whole, _ := bits.Div64(hi+carry, lo, 10_000)
	return int64(whole)
}

// CapOf is what a buyer pays at most for a ticket that cost face at first.
func (r *Resale) CapOf(face int64) int64 { return partOf(face, r.Cap, 0) }

// Fees are what seller and buyer pay when the seller asks a price. The seller never
// pays more than they get.
func (r *Resale) Fees(price int64) (seller, buyer int64) {
	seller = partOf(price, r.SellerRate, 5_000) + r.SellerFee
	return min(seller, price), partOf(price, r.BuyerRate, 5_000) + r.BuyerFee
}

// Most is what the seller of a ticket that cost face may ask at most: with the buyer's
// fee it is at the cap or just under it. 0: the ticket can't be sold on.
func (r *Resale) Most(face int64) int64 {
	most := r.CapOf(face)
	low, high := int64(0), most // what fits, and what may not
	for low < high {
		price := low + (high-low+1)/2
		if _, buyer := r.Fees(price); price+buyer <= most {
			low = price
		} else {
			high = price - 1
		}
	}
	return low
}

// OfferFor is how long somebody on the waiting list has for what they are offered.
func (r *Resale) OfferFor() time.Duration { return time.Duration(r.OfferMinutes) * time.Minute }

// resale reads how tickets are sold on, which nobody may without the table.
func (f *finder) resale(t *resaleTable, scope saleScope, ends int64) *Resale {
	if t == nil || t.Enabled != nil && !*t.Enabled {
		return nil
	}
	r := &Resale{
		Cap:           defaultCapPercent * 100,
		Until:         ends,
		SellerRate:    f.percent("shop.resale.seller_percent", "shop.resale.seller_percent", t.SellerPercent),
		SellerFee:     f.amount("shop.resale.seller_fee", "shop.resale.seller_fee", t.SellerFee, scope.shop.Currency),
		BuyerRate:     f.percent("shop.resale.buyer_percent", "shop.resale.buyer_percent", t.BuyerPercent),
		BuyerFee:      f.amount("shop.resale.buyer_fee", "shop.resale.buyer_fee", t.BuyerFee, scope.shop.Currency),
		Tax:           scope.shop.FeeTax,
		WaitlistFirst: t.WaitlistFirst,
		OfferMinutes:  int(f.number("shop.resale.offer_minutes", "shop.resale.offer_minutes", t.OfferMinutes, defaultOfferMinutes, 5, maxOfferMinutes)),
	}
	if t.CapPercent != nil {
		r.Cap = f.percentTo("shop.resale.cap_percent", "shop.resale.cap_percent", t.CapPercent, maxCapPercent)
	}
	if t.TaxPercent != nil {
		r.Tax = f.percent("shop.resale.tax_percent", "shop.resale.tax_percent", t.TaxPercent)
	}
	if t.Until != nil {
		at, ok := f.instant("shop.resale.until", "shop.resale.until", t.Until, scope.location)
		if ok && ends != 0 && at > ends {
			f.blame("shop.resale.until", "shop.resale.until", "it is after the event's end, when nobody buys a ticket any more")
		}
		r.Until = at
	}
	return r
}
