package front

import (
	"fmt"
	"net/url"

	"usher/server/catalog"
)

func eventPath(event string) string { return "/events/" + url.PathEscape(event) }

// picturePath is the address of a shop's picture, which changes with the picture.
func picturePath(s *catalog.Shop) string {
	if s.Picture.Hash == "" {
		return ""
	}
	return eventPath(s.Event) + "/picture/" + s.Picture.Hash
}

// MapURL leads to a map of the place: the organiser's, or OpenStreetMap's.
func MapURL(s *catalog.Shop) string {
	switch {
	case s.Map != "":
		return s.Map
	case s.Geo != nil:
		return fmt.Sprintf("https://www.openstreetmap.org/?mlat=%[1]v&mlon=%[2]v#map=17/%[1]v/%[2]v", s.Geo.Lat, s.Geo.Lon)
	case s.Address != "":
		return "https://www.openstreetmap.org/search?query=" + url.QueryEscape(s.Address)
	}
	return ""
}
