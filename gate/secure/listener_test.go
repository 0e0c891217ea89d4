package secure

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// serve answers on one port what each request came by.
func serve(t *testing.T, id Identity) (addr string) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listen(inner, id)
	server := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%v %s", r.TLS != nil, r.Proto)
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), l.Close()); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the server ended with %v", err)
		}
	})
	return inner.Addr().String()
}

func client(t *testing.T, cfg *tls.Config, protocol func(*http.Protocols)) *http.Client {
	protocols := new(http.Protocols)
	protocol(protocols)
	transport := &http.Transport{TLSClientConfig: cfg.Clone(), Protocols: protocols} // which notes its protocols there
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func get(t *testing.T, c *http.Client, url string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

func TestOnePort(t *testing.T) {
	r := newRig(t)
	r.now = time.Now()
	o := r.open()
	addr := serve(t, o)
	trusting := &tls.Config{RootCAs: x509.NewCertPool()}
	trusting.RootCAs.AddCert(o.Authority())
	http1 := func(p *http.Protocols) { p.SetHTTP1(true) }
	http2 := func(p *http.Protocols) { p.SetHTTP2(true) }
	for name, c := range map[string]struct {
		scheme   string
		cfg      *tls.Config
		protocol func(*http.Protocols)
		want     string
		err      string
	}{
		"plain":              {"http", nil, http1, "false HTTP/1.1", ""},
		"trusting":           {"https", trusting, http1, "true HTTP/1.1", ""},
		"trusting, HTTP/2":   {"https", trusting, http2, "true HTTP/2.0", ""},
		"a stranger's phone": {"https", &tls.Config{}, http1, "", "unknown authority"},
		"old TLS":            {"https", &tls.Config{RootCAs: trusting.RootCAs, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, http1, "", "protocol version"},
	} {
		got, err := get(t, client(t, c.cfg, c.protocol), c.scheme+"://"+addr+"/")
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) || got != c.want {
			t.Errorf("%s: %q, %v, want %q, %q", name, got, err, c.want, c.err)
		}
	}
}

// A connection that says nothing holds up no other, and none for ever.
func TestSilentConnections(t *testing.T) {
	r := newRig(t)
	r.now = time.Now()
	addr := serve(t, r.open())
	var silent []net.Conn
	for range 20 {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		silent = append(silent, c)
	}
	if got, err := get(t, client(t, nil, func(p *http.Protocols) { p.SetHTTP1(true) }), "http://"+addr+"/"); err != nil || got != "false HTTP/1.1" {
		t.Errorf("beside silent connections: %q, %v", got, err)
	}
	for _, c := range silent {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// pipes is a listener whose connections are made in memory.
type pipes struct {
	come   chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.come:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// connect gives the far end of a new connection.
func (p *pipes) connect() net.Conn {
	near, far := net.Pipe()
	p.come <- near
	return far
}

// closedByOther reports whether the other end of a pipe is closed.
func closedByOther(c net.Conn) bool {
	if err := c.SetReadDeadline(time.Now()); err != nil {
		return true
	}
	_, err := c.Read(make([]byte, 1))
	return errors.Is(err, io.EOF)
}

func TestSilenceEnds(t *testing.T) {
	identity := newRig(t).open()
	synctest.Test(t, func(t *testing.T) {
		inner := newPipes()
		l := Listen(inner, identity)
		c := inner.connect()
		time.Sleep(firstWithin - time.Millisecond)
		if synctest.Wait(); closedByOther(c) {
			t.Error("closed before its time was over")
		}
		time.Sleep(2 * time.Millisecond)
		if synctest.Wait(); !closedByOther(c) {
			t.Error("silent for longer than it may, and still there")
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestSilentConnectionsAreBounded(t *testing.T) {
	identity := newRig(t).open()
	synctest.Test(t, func(t *testing.T) {
		inner := newPipes()
		l := Listen(inner, identity)
		var silent []net.Conn
		for range maxSilent {
			silent = append(silent, inner.connect())
		}
		more := inner.connect()
		if synctest.Wait(); !closedByOther(more) {
			t.Errorf("the %d. silent connection is kept", maxSilent+1)
		}
		go silent[0].Write([]byte("G"))
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, 1)
		if _, err := c.Read(first); err != nil || first[0] != 'G' {
			t.Errorf("the first byte is %q, %v", first, err)
		}
		room := inner.connect()
		if synctest.Wait(); closedByOther(room) {
			t.Error("there is room, and it is closed")
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if synctest.Wait(); !closedByOther(silent[1]) || !closedByOther(room) {
			t.Error("a silent connection outlives the listener")
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("a closed listener gives %v", err)
		}
	})
}

// A connection that is ready when nobody takes it any more is closed.
func TestCloseWithConnectionsNobodyTook(t *testing.T) {
	identity := newRig(t).open()
	synctest.Test(t, func(t *testing.T) {
		inner := newPipes()
		l := Listen(inner, identity)
		c := inner.connect()
		if _, err := c.Write([]byte{handshake}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if synctest.Wait(); !closedByOther(c) {
			t.Error("it is still there")
		}
	})
}

// ofDevice is a connection from the device itself.
type ofDevice struct{ net.Conn }

func (ofDevice) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40_000} }

// However many others on the network say nothing, the device's own page gets through.
func TestOwnPageBesideSilentConnections(t *testing.T) {
	identity := newRig(t).open()
	synctest.Test(t, func(t *testing.T) {
		inner := newPipes()
		l := Listen(inner, identity)
		for range maxSilent {
			inner.connect()
		}
		near, far := net.Pipe()
		inner.come <- ofDevice{near}
		if synctest.Wait(); closedByOther(far) {
			t.Error("the device's own connection is turned away")
		} else {
			go far.Write([]byte("G"))
			if c, err := l.Accept(); err != nil || c.RemoteAddr().String() != "127.0.0.1:40000" {
				t.Errorf("accepted %v, %v", c, err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
}
