package front

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"usher/server/catalog"
	"usher/server/web/site"
	"usher/sync/fault"
)

// seatsView is the plan of the seats that one product is sold on.
type seatsView struct {
	site.Speech
	Shop    *catalog.Shop
	Offer   *catalog.Offer
	Rows    []seatRow
	Entered string // that was entered
	Free    bool   // there is one to choose
}

type seatRow struct {
	Name  string
	Seats []seatView
	Left  int
}

type seatView struct {
	catalog.Seat
	Taken bool
	Gap   bool // a number is missing before it
}

// seats shows which seats are free, as of now, for a buyer to choose from. It is
// drawn for who asks: everybody else may take one any second.
func (f *Front) seats(w http.ResponseWriter, r *http.Request) error {
	s, err := f.Catalog.Shop(r.Context(), r.PathValue("event"))
	if err != nil {
		return err
	}
	code := strings.TrimSpace(r.URL.Query().Get("code"))
	offer, known := s.OfferByCode(r.PathValue("offer"))
	if !known || !offer.Opens(code) || len(code) > maxCodeTyped {
		return fault.New(fault.NotFound, "event %s sells no %.40q", s.Event, r.PathValue("offer"))
	}
	pool, known := s.PoolByCode(offer.Pool)
	if !known || len(pool.Seats) == 0 {
		return fault.New(fault.NotFound, "%s has no numbered seats", offer.Name)
	}
	if now := f.Now().Unix(); now < offer.From || now >= offer.Until {
		http.Redirect(w, r, site.Speak(r, "", nil, "").Link(eventPath(s.Event)), http.StatusSeeOther)
		return nil
	}
	taken, err := f.Stock.TakenSeats(r.Context(), s.Event, pool.Code)
	if err != nil {
		return err
	}
	here := eventPath(s.Event) + "/seats/" + url.PathEscape(offer.Code)
	if code != "" {
		here += "?code=" + url.QueryEscape(code)
	}
	v := seatsView{Speech: site.Speak(r, s.About.Language, s.About.Location, here), Shop: s, Offer: offer, Entered: code}
	for _, seat := range pool.Seats {
		if n := len(v.Rows); n == 0 || v.Rows[n-1].Name != seat.Row {
			v.Rows = append(v.Rows, seatRow{Name: seat.Row})
		}
		row := &v.Rows[len(v.Rows)-1]
		one := seatView{Seat: seat, Taken: taken[seat.Code]}
		if n := len(row.Seats); n > 0 {
			one.Gap = apart(row.Seats[n-1].Name, seat.Name)
		}
		row.Seats = append(row.Seats, one)
		if !one.Taken {
			row.Left++
			v.Free = true
		}
	}
	return f.Site.Render(w, f.pages, "seats.html", http.StatusOK, v)
}

// apart says whether there is a gap between two seats of a row, as the stock sees it:
// numbers that follow each other by one, or by two in a row of odd or even ones, have
// none.
func apart(before, after string) bool {
	a, errA := strconv.Atoi(before)
	b, errB := strconv.Atoi(after)
	return errA == nil && errB == nil && (b < a || b-a > 2)
}
