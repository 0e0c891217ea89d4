package printout

import (
	"bytes"
	"context"

	"usher/server/document"
)

// maxPictures is how many are kept ready. Each is as large as it is printed.
const maxPictures = 16

// pictureOf gives the picture of an event, ready for tickets; none where there is none.
// One that can't be had stops nobody's ticket.
func (p *Printer) pictureOf(ctx context.Context, event string) document.Picture {
	shop, err := p.catalog.Shop(ctx, event)
	if err != nil || shop.Picture.Hash == "" {
		return document.Picture{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if made, there := p.pictures[shop.Picture.Hash]; there {
		return made
	}
	_, file, err := p.catalog.Picture(ctx, shop.Picture.Hash)
	if err != nil {
		return document.Picture{}
	}
	made, err := document.ReadPicture(bytes.NewReader(file))
	if err != nil {
		made = document.Picture{} // nor can it be read the next time
	}
	if len(p.pictures) == maxPictures {
		clear(p.pictures)
	}
	p.pictures[shop.Picture.Hash] = made
	return made
}
