package sales

import (
	"strconv"

	"usher/server/catalog"
	"usher/server/inventory"
)

// Pools are a shop's pools as the inventory keeps them.
func Pools(s *catalog.Shop) []inventory.Pool {
	list := make([]inventory.Pool, len(s.Pools))
	for i, p := range s.Pools {
		list[i] = inventory.Pool{Code: p.Code, Name: p.Name, Capacity: p.Capacity}
		for _, seat := range p.Seats {
			number, _ := strconv.Atoi(seat.Name) // 0, no number, where it is a word
			list[i].Seats = append(list[i].Seats, inventory.Seat{Code: seat.Code, Row: seat.Row, Number: number})
		}
	}
	return list
}
