package front

import (
	"encoding/json"
	"html/template"

	"usher/server/catalog"
	"usher/sync/money"
)

// structured gives the event as search engines read it: schema.org's Event, JSON-LD
// in a script element. Such an element is data that no browser runs, so the policy
// against scripts in pages has nothing to say on it; and json.Marshal writes <, >
// and & as escapes, so no text of an event ends the element.
func structured(v *eventView, left lefts) template.HTML {
	e := v.About
	place := map[string]any{"@type": "Place", "name": e.Venue}
	if v.Address != "" {
		place["address"] = v.Address
	}
	if v.Geo != nil {
		place["geo"] = map[string]any{"@type": "GeoCoordinates", "latitude": v.Geo.Lat, "longitude": v.Geo.Lon}
	}
	data := map[string]any{
		"@context": "https://schema.org", "@type": "Event", "name": e.Name,
		"startDate": v.ISO(e.Starts), "endDate": v.ISO(e.Ends),
		"eventStatus": "https://schema.org/EventScheduled", "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
		"location": place, "description": v.Description(),
		"organizer": map[string]any{"@type": "Organization", "name": v.Seller.Name},
	}
	switch v.Fate() {
	case catalog.CalledOff:
		data["eventStatus"] = "https://schema.org/EventCancelled"
	case catalog.Moved:
		data["eventStatus"], data["previousStartDate"] = "https://schema.org/EventRescheduled", v.ISO(e.Standing.From)
	}
	if e.Admission != 0 {
		data["doorTime"] = v.ISO(e.Admission)
	}
	if v.URL != "" {
		data["url"] = v.URL
	}
	if v.Image != "" {
		data["image"] = []string{v.Image}
	}
	var offers []map[string]any
	for i := range v.Offers {
		offers = append(offers, structuredOffer(v, &v.Offers[i]))
	}
	if offers != nil {
		data["offers"] = offers
	}
	text, err := json.Marshal(data)
	if err != nil {
		return "" // texts and numbers always can be
	}
	return template.HTML(`<script type="application/ld+json">` + string(text) + `</script>`)
}

func structuredOffer(v *eventView, o *offerView) map[string]any {
	available := map[string]string{soon: "PreOrder", open: "InStock", gone: "SoldOut", ended: "Discontinued"}[o.Standing]
	if o.Left == few && o.Standing == open {
		available = "LimitedAvailability"
	}
	offer := map[string]any{
		"@type": "Offer", "name": o.Name, "price": money.Decimal(o.Total(), v.Currency), "priceCurrency": v.Currency,
		"availability": "https://schema.org/" + available, "validThrough": v.ISO(o.Until),
	}
	if o.From != 0 {
		offer["validFrom"] = v.ISO(o.From)
	}
	if v.URL != "" {
		offer["url"] = v.URL
	}
	return offer
}

// cheapest is the least that one of what is sold costs; false where there is
// nothing that everybody may buy.
func cheapest(s *catalog.Shop) (total int64, ok bool) {
	for i := range s.Offers {
		if o := &s.Offers[i]; o.Access == "" && (!ok || o.Total() < total) {
			total, ok = o.Total(), true
		}
	}
	return total, ok
}
