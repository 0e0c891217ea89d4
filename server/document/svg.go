package document

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
)

// SVG writes the code of text as a scalable picture, level Screen: one path on
// one white square, in units of a module, quiet zone included. It has no size of
// its own, so it fills what it is placed in, and it names itself to screen
// readers as title ("Ticket code" when empty). It holds no style, script or
// link, so it may stand inside a page under a strict Content-Security-Policy.
func SVG(w io.Writer, text, title string) error {
	m, err := QR(text, Screen)
	if err != nil {
		return err
	}
	if title = Clean(title); title == "" {
		title = "Ticket code"
	}
	if _, err := w.Write(m.svg(title)); err != nil {
		return fmt.Errorf("write SVG: %w", err)
	}
	return nil
}

// svg is the whole document; title is clean.
func (m Matrix) svg(title string) []byte {
	var b bytes.Buffer
	outer := strconv.Itoa(m.Outer())
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + outer + ` ` + outer +
		`" role="img" shape-rendering="crispEdges"><title>`)
	xml.EscapeText(&b, []byte(title)) // a bytes.Buffer never fails
	b.WriteString(`</title><path fill="#fff" d="M0 0h` + outer + `v` + outer + `H0z"/><path d="`)
	for run := range m.Runs() {
		fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", run.X+QuietZone, run.Y+QuietZone, run.Len, run.Len)
	}
	b.WriteString("\"/></svg>\n")
	return b.Bytes()
}
