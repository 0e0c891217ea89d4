package catalog

import "usher/sync/journal"

// Spec is an event file that was read and checked. Zones, products and gates
// refer to each other by code; numbers are given when it is applied.
type Spec struct {
	File      string // the name it was read under
	Code      string
	Name      string
	Zone      string // IANA name of the time zone
	Starts    int64  // Unix s, as the next two
	Ends      int64
	Admission int64 // doors; 0: at Starts
	Rehearsal bool
	Venue     string
	Language  string // BCP 47 tag
	DoorText  string
	Terms     string
	Policy    journal.Policy
	Sessions  []string // the dates that products and gates may name
	Zones     []ZoneSpec
	Products  []ProductSpec
	Gates     []GateSpec
	Shop      *Shop // what it sells; nil: nothing. Numbers are given when it is applied

	picture *pictureFile // of the shop; nil for none
}

// ZoneSpec is a zone of a file.
type ZoneSpec struct {
	Code, Name string
	Capacity   uint32  // people; 0: not limited
	CheckOut   []int64 // when everybody counts as gone, Unix s ascending
}

// ProductSpec is a product of a file.
type ProductSpec struct {
	Code, Name string
	Zones      []string // that it opens
	Rules      []journal.Rule
	Session    string // of the event's dates; "": all
	Attention  bool
	Text       string             // shown at every scan
	Questions  []journal.Question // asked at the gate
	Checkout   []journal.Question // asked when it is bought
}

// GateSpec is a gate of a file.
type GateSpec struct {
	Code, Name string
	Zone       string   // it opens into
	All        bool     // admits every product
	Products   []string // else these
	Multi      bool
	NoReentry  bool
	Direction  string
	Rules      []journal.Rule

	Session     string // lets in this date only; "": all
	TakesUnpaid bool
	StaleAfter  int64 // s; 0: the policy's
}

// The tables of an event file, as they are decoded. A pointer tells what is left
// out from what is zero; any takes what TOML has several types for.
type (
	fileTable struct {
		Code      string         `toml:"code"`
		Name      string         `toml:"name"`
		TimeZone  string         `toml:"time_zone"`
		Admission any            `toml:"admission"`
		Starts    any            `toml:"starts"`
		Ends      any            `toml:"ends"`
		Rehearsal bool           `toml:"rehearsal"`
		Venue     string         `toml:"venue"`
		Language  string         `toml:"language"`
		DoorText  string         `toml:"door_text"`
		Terms     string         `toml:"terms"`
		Policy    policyTable    `toml:"policy"`
		Shop      *shopTable     `toml:"shop"`
		Pools     []poolTable    `toml:"pool"`
		Sessions  []string       `toml:"sessions"`
		Zones     []zoneTable    `toml:"zone"`
		Products  []productTable `toml:"product"`
		Gates     []gateTable    `toml:"gate"`
	}
	policyTable struct {
		StaleAfter  *int64  `toml:"stale_after_minutes"`
		Stale       *string `toml:"stale"`
		ProofPast   *int64  `toml:"proof_past_seconds"`
		ProofFuture *int64  `toml:"proof_future_seconds"`
		Tolerance   *int64  `toml:"clock_tolerance_minutes"`
		DownTo      *string `toml:"down_to"`
	}
	zoneTable struct {
		Code     string `toml:"code"`
		Name     string `toml:"name"`
		Capacity *int64 `toml:"capacity"`
		CheckOut []any  `toml:"check_out"`
	}
	productTable struct {
		Code      string          `toml:"code"`
		Name      string          `toml:"name"`
		Zones     any             `toml:"zones"`
		Session   *string         `toml:"session"`
		Attention bool            `toml:"attention"`
		Text      string          `toml:"text"`
		Questions []questionTable `toml:"question"`
		Rules     []ruleTable     `toml:"rules"`

		// Of its sale; see also shopTable.
		Price       any     `toml:"price"`
		Fee         any     `toml:"fee"`
		TaxPercent  any     `toml:"tax_percent"`
		Pool        *string `toml:"pool"`
		SaleFrom    any     `toml:"sale_from"`
		SaleUntil   any     `toml:"sale_until"`
		Min         *int64  `toml:"min"`
		Max         *int64  `toml:"max"`
		AccessCode  *string `toml:"access_code"`
		Names       *bool   `toml:"names"`
		Emails      *bool   `toml:"emails"`
		Description string  `toml:"description"`
	}
	questionTable struct {
		Code     string   `toml:"code"`
		Text     string   `toml:"text"`
		Kind     *string  `toml:"kind"`
		Required bool     `toml:"required"`
		Asked    *string  `toml:"asked"`
		Choices  []string `toml:"choices"`
	}
	gateTable struct {
		Code        string      `toml:"code"`
		Name        string      `toml:"name"`
		Zone        *string     `toml:"zone"`
		Products    any         `toml:"products"`
		Session     *string     `toml:"session"`
		Entry       *string     `toml:"entry"`
		Reentry     *bool       `toml:"reentry_after_exit"`
		TakesUnpaid bool        `toml:"takes_unpaid"`
		StaleAfter  *int64      `toml:"stale_after_minutes"`
		Directions  string      `toml:"directions"`
		Rules       []ruleTable `toml:"rules"`
	}
	ruleTable struct {
		MaxEntries         *int64       `toml:"max_entries"`
		MaxEntriesPerDay   *int64       `toml:"max_entries_per_day"`
		MaxDays            *int64       `toml:"max_days"`
		Cooldown           *int64       `toml:"cooldown_minutes"`
		SinceFirst         *int64       `toml:"max_minutes_since_first_entry"`
		NotBefore          *string      `toml:"not_before"`
		NotAfter           *string      `toml:"not_after"`
		Tolerance          *int64       `toml:"tolerance_min"`
		NotBeforeLocalTime any          `toml:"not_before_local_time"`
		Weekdays           []any        `toml:"weekdays"`
		Gates              []string     `toml:"gates"`
		MaxSince           *cutoffTable `toml:"max_entries_since"`
		MaxBefore          *cutoffTable `toml:"max_entries_before"`
		Never              *bool        `toml:"never"`
		Text               string       `toml:"text"`
	}
	cutoffTable struct {
		Cutoff any    `toml:"cutoff"`
		Max    *int64 `toml:"max"`
	}
)
