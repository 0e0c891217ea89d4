package catalog

import (
	"testing"

	"pgregory.net/rapid"
)

// Amounts that were worked out by hand.
func TestResaleAmounts(t *testing.T) {
	for _, c := range []struct {
		r                          Resale
		face                       int64
		limit, most, seller, buyer int64
	}{
		{Resale{Cap: 10_000}, 2700, 2700, 2700, 0, 0},
		{Resale{Cap: 11_000}, 2700, 2970, 2970, 0, 0},
		{Resale{Cap: 11_000}, 2705, 2975, 2975, 0, 0}, // 2975.5
		{Resale{Cap: 10_000, BuyerFee: 150, SellerFee: 50}, 2700, 2700, 2550, 50, 150},
		{Resale{Cap: 10_000, BuyerRate: 500, SellerRate: 250}, 2100, 2100, 2000, 50, 100},
		{Resale{Cap: 10_000, BuyerRate: 500, SellerRate: 333}, 2101, 2101, 2001, 67, 100}, // 100.05, 66.63
		{Resale{Cap: 10_000, BuyerFee: 2700}, 2700, 2700, 0, 0, 2700},
		{Resale{Cap: 10_000, BuyerFee: 2699, SellerFee: 500}, 2700, 2700, 1, 1, 2699}, // no seller pays to sell
		{Resale{Cap: 0}, 2700, 0, 0, 0, 0},
		{Resale{Cap: 10_000}, 0, 0, 0, 0, 0},
	} {
		seller, buyer := c.r.Fees(c.r.Most(c.face))
		if c.r.CapOf(c.face) != c.limit || c.r.Most(c.face) != c.most || seller != c.seller || buyer != c.buyer {
			t.Errorf("%+v of %d: cap %d, most %d, fees %d and %d", c, c.face, c.r.CapOf(c.face), c.r.Most(c.face), seller, buyer)
		}
	}
}

// No price that may be asked comes to more than the cap, and the next one does.
func TestResaleNeverAboveTheCap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Resale{
			Cap:       rapid.Int64Range(0, maxCapPercent*100).Draw(t, "cap"),
			BuyerRate: rapid.Int64Range(0, 10_000).Draw(t, "rate"), BuyerFee: rapid.Int64Range(0, 5_000).Draw(t, "fee"),
			SellerRate: rapid.Int64Range(0, 10_000).Draw(t, "kept"), SellerFee: rapid.Int64Range(0, 5_000).Draw(t, "fixed"),
		}
		face := rapid.Int64Range(0, 2*maxPrice).Draw(t, "face")
		most, limit := r.Most(face), r.CapOf(face)
		if limit > face*10 || limit*10_000 > face*r.Cap || (limit+1)*10_000 <= face*r.Cap {
			t.Fatalf("the cap is %d of %d", limit, face)
		}
		seller, buyer := r.Fees(most)
		if most > 0 && most+buyer > limit || seller < 0 || seller > most || buyer < 0 {
			t.Fatalf("%d and fees of %d and %d are above %d", most, seller, buyer, limit)
		}
		if _, buyer := r.Fees(most + 1); most+1+buyer <= limit {
			t.Fatalf("%d may be asked too, under %d", most+1, limit)
		}
	})
}
