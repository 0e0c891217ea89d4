package site

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
)

// Answer is the body of an answer that is the same for everybody, ready to be sent
// plain or compressed, with a strong tag for each of the two.
type Answer struct {
	kind        []string
	plain, gzip form
	vary        []string // what of a request chose it
}

// form is one encoding of an answer. The slices are header values, made once.
type form struct {
	body   []byte
	length []string
	tag    []string
}

// Header values of answers; nobody changes them.
var (
	byEncoding = []string{"Accept-Encoding"}
	byLanguage = []string{"Accept-Encoding, Accept-Language"}
	zipped     = []string{"gzip"}
)

// least is the size below which compressing isn't worth a header.
const least = 512

// NewAnswer makes an answer of a media type.
func NewAnswer(kind string, body []byte) *Answer {
	sum := sha256.Sum256(body)
	tag := hex.EncodeToString(sum[:12])
	a := &Answer{kind: []string{kind}, plain: newForm(body, tag), vary: byEncoding}
	if len(body) < least {
		return a
	}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(body)
	}
	if err == nil {
		err = z.Close()
	}
	if err == nil && out.Len() < len(body) {
		a.gzip = newForm(out.Bytes(), tag+"-gz")
	}
	return a
}

// ByLanguage gives the answer of an address that has others for who asks for another
// language.
func (a *Answer) ByLanguage() *Answer {
	one := *a
	one.vary = byLanguage
	return &one
}

func newForm(body []byte, tag string) form {
	return form{body, []string{strconv.Itoa(len(body))}, []string{`"` + tag + `"`}}
}

// Bytes is the answer's body, plain. Nobody changes it.
func (a *Answer) Bytes() []byte { return a.plain.body }

// Send answers a request: with the body in the best encoding that it accepts, or
// with 304 where it has it already.
func (a *Answer) Send(w http.ResponseWriter, r *http.Request, control []string) {
	f := &a.plain
	h := w.Header()
	h["Cache-Control"] = control
	if a.gzip.body != nil || len(a.vary) > 0 && a.vary[0] == byLanguage[0] {
		h["Vary"] = a.vary
	}
	if a.gzip.body != nil && acceptsGzip(r.Header["Accept-Encoding"]) {
		f = &a.gzip
	}
	h["Etag"] = f.tag
	if has(r.Header["If-None-Match"], f.tag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if f == &a.gzip {
		h["Content-Encoding"] = zipped
	}
	h["Content-Type"] = a.kind
	h["Content-Length"] = f.length
	if r.Method != http.MethodHead {
		_, _ = w.Write(f.body) // the other side hung up
	}
}

// has says whether a list of tags as If-None-Match has it holds the tag. A cache on
// the way may have made it a weak one.
func has(header []string, tag string) bool {
	for _, line := range header {
		for one := range strings.SplitSeq(line, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// acceptsGzip reads Accept-Encoding: gzip is taken where it is named, or * is, and
// not with q=0.
func acceptsGzip(header []string) bool {
	any := false
	for _, line := range header {
		for one := range strings.SplitSeq(line, ",") {
			name, quality, _ := strings.Cut(strings.TrimSpace(one), ";")
			wanted := !zero(quality)
			switch {
			case strings.EqualFold(strings.TrimSpace(name), "gzip"):
				return wanted
			case strings.TrimSpace(name) == "*":
				any = wanted
			}
		}
	}
	return any
}

// zero says whether a parameter is q=0, in any of its forms.
func zero(parameter string) bool {
	name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
	if !strings.EqualFold(strings.TrimSpace(name), "q") {
		return false
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return err == nil && q == 0
}

// NewPicture makes an answer of a picture, which no compression makes smaller; hash
// names its bytes.
func NewPicture(kind string, body []byte, hash string) *Answer {
	return &Answer{kind: []string{kind}, plain: newForm(body, hash)}
}
