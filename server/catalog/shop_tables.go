package catalog

// The tables of what is sold, as they are decoded. An amount or a percentage is
// any: people write 25, 25.50 or "25.50".
type (
	shopTable struct {
		Currency    string         `toml:"currency"`
		Text        string         `toml:"text"`
		Picture     *string        `toml:"picture"`
		PictureText string         `toml:"picture_text"`
		Address     string         `toml:"address"`
		Geo         []any          `toml:"geo"`
		Map         string         `toml:"map"`
		SaleFrom    any            `toml:"sale_from"`
		SaleUntil   any            `toml:"sale_until"`
		Hold        *int64         `toml:"hold_minutes"`
		Extensions  *int64         `toml:"extensions"`
		MaxPerOrder *int64         `toml:"max_per_order"`
		Fee         any            `toml:"fee"`
		TaxPercent  any            `toml:"tax_percent"`
		Methods     []string       `toml:"methods"`
		InvoiceDays *int64         `toml:"invoice_days"`
		Early       bool           `toml:"tickets_before_payment"`
		Terms       string         `toml:"terms"`
		Seller      sellerTable    `toml:"seller"`
		Bank        *bankTable     `toml:"bank"`
		Returns     *backTable     `toml:"refund"`
		Resale      *resaleTable   `toml:"resale"`
		Transfer    *transferTable `toml:"transfer"`
	}
	backTable struct {
		Hours   *int64 `toml:"hours_before"`
		Percent any    `toml:"keep_percent"`
		Keep    any    `toml:"keep"`
	}
	sellerTable struct {
		Name    string `toml:"name"`
		Address string `toml:"address"`
		TaxID   string `toml:"tax_id"`
		Email   string `toml:"email"`
	}
	bankTable struct {
		Holder  string `toml:"holder"`
		IBAN    string `toml:"iban"`
		BIC     string `toml:"bic"`
		Name    string `toml:"name"`
		Account string `toml:"account"`
	}
	transferTable struct {
		Enabled *bool  `toml:"enabled"`
		Times   *int64 `toml:"times"`
		Hours   *int64 `toml:"hours_before"`
		Named   bool   `toml:"named"`
		Accept  *int64 `toml:"accept_hours"`
	}
	resaleTable struct {
		Enabled       *bool  `toml:"enabled"`
		CapPercent    any    `toml:"cap_percent"`
		Until         any    `toml:"until"`
		SellerPercent any    `toml:"seller_percent"`
		SellerFee     any    `toml:"seller_fee"`
		BuyerPercent  any    `toml:"buyer_percent"`
		BuyerFee      any    `toml:"buyer_fee"`
		TaxPercent    any    `toml:"tax_percent"`
		WaitlistFirst bool   `toml:"waitlist_first"`
		OfferMinutes  *int64 `toml:"offer_minutes"`
	}
	poolTable struct {
		Code     string   `toml:"code"`
		Name     string   `toml:"name"`
		Capacity *int64   `toml:"capacity"`
		Seats    []string `toml:"seats"`
	}
)
