package google

// Class is what the tickets of an event share, in Google's words
// (developers.google.com/wallet/reference/rest/v1/eventticketclass).
type Class struct {
	ID        string  `json:"id"`
	Issuer    string  `json:"issuerName"`
	Review    string  `json:"reviewStatus"`
	Event     Text    `json:"eventName"`
	Venue     *Venue  `json:"venue,omitempty"`
	When      *When   `json:"dateTime,omitempty"`
	Places    []Point `json:"locations,omitempty"`
	Colour    string  `json:"hexBackgroundColor,omitempty"`
	Sharing   string  `json:"multipleDevicesAndHoldersAllowedStatus,omitempty"`
	FinePrint *Text   `json:"finePrint,omitempty"`
}

// UnderReview is the state in which a class is handed in.
const UnderReview = "UNDER_REVIEW"

// OneHolder lets a pass be on the phones of one person only.
const OneHolder = "ONE_USER_ALL_DEVICES"

// Venue is where an event is. Google wants both.
type Venue struct {
	Name    Text `json:"name"`
	Address Text `json:"address"`
}

// When is when an event is, RFC 3339.
type When struct {
	Doors string `json:"doorsOpen,omitempty"`
	Start string `json:"start"`
	End   string `json:"end"`
}

// Point is a place on the earth.
type Point struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// Text is a text in several languages.
type Text struct {
	Default Translated   `json:"defaultValue"`
	Others  []Translated `json:"translatedValues,omitempty"`
}

// Translated is a text in one language.
type Translated struct {
	Language string `json:"language"`
	Value    string `json:"value"`
}

// Plain is a text that is the same in every language.
func Plain(value string) Text { return Text{Default: Translated{"en", value}} }

// States of an object.
const (
	Active   = "ACTIVE"
	Inactive = "INACTIVE"
)

// Object is one ticket, in Google's words
// (developers.google.com/wallet/reference/rest/v1/eventticketobject).
type Object struct {
	ID      string   `json:"id"`
	Class   string   `json:"classId"`
	State   string   `json:"state"`
	Barcode *Barcode `json:"barcode,omitempty"`
	Type    *Text    `json:"ticketType,omitempty"`
	Seat    *Seat    `json:"seatInfo,omitempty"`
	Texts   []Module `json:"textModulesData,omitempty"`
	Valid   *Window  `json:"validTimeInterval,omitempty"`
}

// Barcode is the code of an object.
type Barcode struct {
	Type  string `json:"type"`
	Value string `json:"value"`
	Text  string `json:"alternateText,omitempty"` // below it
}

// QR makes a code of a text, with what is to be read below it.
func QR(value, below string) *Barcode { return &Barcode{"QR_CODE", value, below} }

// Seat is where somebody sits, and goes in.
type Seat struct {
	Seat *Text `json:"seat,omitempty"`
	Gate *Text `json:"gate,omitempty"`
}

// Module is a text with a head.
type Module struct {
	ID   string `json:"id"`
	Head *Text  `json:"localizedHeader,omitempty"`
	Body *Text  `json:"localizedBody,omitempty"`
}

// Window is when an object is good.
type Window struct {
	Start *Moment `json:"start,omitempty"`
	End   *Moment `json:"end,omitempty"`
}

// Moment is a time, RFC 3339.
type Moment struct {
	Date string `json:"date"`
}
