package sandbox

import (
	"bytes"
	"io"
	"net/http"
)

// direct takes requests to a handler of this process, without a network.
type direct struct{ to http.Handler }

// RoundTrip answers a request by the handler.
func (d direct) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	in := req.Clone(req.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RequestURI = in.URL.RequestURI()
	out := &kept{header: http.Header{}}
	d.to.ServeHTTP(out, in)
	_ = in.Body.Close() // it was read, or is of no interest
	return &http.Response{
		Status: http.StatusText(out.status()), StatusCode: out.status(), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.header, Body: io.NopCloser(&out.body), ContentLength: int64(out.body.Len()), Request: req,
	}, nil
}

// kept is an answer that is kept until it is whole.
type kept struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

// Header gives the header that is being written.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader sets the status; the first call counts.
func (k *kept) WriteHeader(code int) {
	if k.code == 0 {
		k.code = code
	}
}

// Write adds to the body.
func (k *kept) Write(p []byte) (int, error) {
	k.WriteHeader(http.StatusOK)
	return k.body.Write(p)
}

func (k *kept) status() int { return max(k.code, http.StatusOK) }
