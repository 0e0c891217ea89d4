package stripe

import (
	"usher/sync/fault"
)

// Stripe counts most currencies in the minor units of ISO 4217, as usher does.
// These differ. Sources: https://docs.stripe.com/currencies and
// https://support.stripe.com/questions/deprecation-of-fractional-isk-charges-and-refunds.
var (
	// hundredfold have no minor unit, and Stripe wants two decimals, both 0.
	hundredfold = map[string]bool{"ISK": true}
	// hundredth have two decimals with us, and none at Stripe.
	hundredth = map[string]bool{"MGA": true}
	// tens have three decimals, of which Stripe wants the last one to be 0.
	tens = map[string]bool{"BHD": true, "JOD": true, "KWD": true, "OMR": true, "TND": true}
	// unclear are those where Stripe's own pages contradict each other about a
	// factor of 100 (UGX), or that it doesn't take and that count otherwise.
	unclear = map[string]bool{"UGX": true, "IQD": true, "LYD": true, "CLF": true, "UYW": true, "UYI": true}
)

// toStripe is an amount as Stripe counts it.
func toStripe(minor int64, currency string) (int64, error) {
	switch {
	case unclear[currency]:
		return 0, fault.New(fault.Refused, "usher doesn't take %s through Stripe", currency)
	case hundredfold[currency]:
		return minor * 100, nil
	case hundredth[currency] && minor%100 != 0:
		return 0, fault.New(fault.Refused, "Stripe takes %s in whole units only", currency)
	case hundredth[currency]:
		return minor / 100, nil
	case tens[currency] && minor%10 != 0:
		return 0, fault.New(fault.Refused, "Stripe takes %s with two decimals only", currency)
	}
	return minor, nil
}

// fromStripe is the other way.
func fromStripe(amount int64, currency string) (int64, error) {
	switch {
	case unclear[currency]:
		return 0, fault.New(fault.Refused, "usher doesn't take %s through Stripe", currency)
	case hundredfold[currency]:
		return amount / 100, nil
	case hundredth[currency]:
		return amount * 100, nil
	}
	return amount, nil
}
