package printout

import (
	"bytes"
	"context"

	"usher/server/document"
)

// pictureOf gives the picture of an event, ready for tickets; none where there is none.
// One that can't be had stops nobody's ticket.
func (p *Printer) pictureOf(ctx context.Context, event string) document.Picture {
	shop, err := p.catalog.Shop(ctx, event)
	if err != nil || shop.Picture.Hash == "" {
		return document.Picture{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hash == shop.Picture.Hash {
		return p.picture
	}
	_, file, err := p.catalog.Picture(ctx, shop.Picture.Hash)
	if err != nil {
		return document.Picture{}
	}
	made, err := document.ReadPicture(bytes.NewReader(file))
	if err != nil {
		return document.Picture{}
	}
	p.hash, p.picture = shop.Picture.Hash, made
	return made
}
