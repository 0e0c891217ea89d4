package secure

import (
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"usher/sync/fault"
	"usher/sync/words"
)

//go:embed trust.html
var trustPage string

// The addresses that answer to everybody, in plain text too: what is behind them is
// no secret, and a phone needs it before it can trust anything.
const (
	TrustPath       = "/trust"
	certificatePath = "/authority.crt"
	certificateFile = "usher-gate.crt" // what it is saved as
)

// Site is what phones are told of a gate.
type Site struct {
	Gate     string      // what people call it
	Words    *words.Book // with the messages of phone.trust
	Language string      // of those who ask for none; "": English
}

// Front goes before an agent's handler. Plain text gets through where it always did
// for good reason: from the device itself, from other gates, whose journals prove
// themselves, and for the health check. Anybody else is led to the encrypted page.
func Front(next http.Handler, id Identity, site Site) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+TrustPath, func(w http.ResponseWriter, r *http.Request) {
		showTrust(w, id, site.Gate, site.Words.Pick(r.Header.Get("Accept-Language"), site.Language))
	})
	mux.HandleFunc("GET "+certificatePath, func(w http.ResponseWriter, _ *http.Request) { giveAuthority(w, id) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil || fromHere(r) || r.URL.Path == "/healthz" || strings.HasPrefix(r.URL.Path, "/api/v1/sync/") {
			next.ServeHTTP(w, r)
			return
		}
		leadOn(w, r, id)
	})
	return mux
}

// fromHere reports whether a request comes from this device: by the loopback, or from
// the very address that it was sent to. What it may do is for the handler behind to
// say, which looks more closely.
func fromHere(r *http.Request) bool {
	if onLoopback(r.RemoteAddr) {
		return true
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	local, is := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !is {
		return false
	}
	to, err := netip.ParseAddrPort(local.String())
	return err == nil && to.Addr().Unmap() == from.Addr().Unmap()
}

// onLoopback reports whether an address with its port is the device's to itself.
func onLoopback(address string) bool {
	at, err := netip.ParseAddrPort(address)
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// leadOn answers what came in plain text and should not have. Whatever secret it
// held is not sent a second time.
func leadOn(w http.ResponseWriter, r *http.Request, id Identity) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Host != "" && r.URL.Path == "/" && r.URL.RawQuery == "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		host := r.Host
		if name := id.Host(); name != "" {
			_, port, err := net.SplitHostPort(host)
			if host = name; err == nil {
				host = net.JoinHostPort(name, port)
			}
		}
		http.Redirect(w, r, "https://"+host+"/", http.StatusTemporaryRedirect)
		return
	}
	p := fault.ToProblem(fault.New(fault.Forbidden, "this door is only spoken to by https from another device: open the https address on the phone's card"))
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the other side hung up: nobody is left to tell
}

// trust is the page as a template.
var trust = template.Must(template.New("trust").Parse(trustPage))

func showTrust(w http.ResponseWriter, id Identity, gate string, in *words.Language) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", in.Code())
	data := trustData{in, gate, "", certificatePath}
	if root := id.Authority(); root != nil {
		data.Fingerprint = FingerprintOf(root).String()
	}
	_ = trust.Execute(w, data) // the other side hung up: nobody is left to tell
}

// trustData is what stands on the page.
type trustData struct {
	In                             *words.Language
	Gate, Fingerprint, Certificate string
}

// Say gives a message in the page's language.
func (d trustData) Say(key string) string {
	return d.In.Say(key, words.With{"gate": d.Gate, "file": certificateFile})
}

func giveAuthority(w http.ResponseWriter, id Identity) {
	root := id.Authority()
	if root == nil {
		http.Error(w, "this gate has a real certificate: there is nothing to trust", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/x-x509-ca-cert")
	w.Header().Set("Content-Disposition", `attachment; filename="`+certificateFile+`"`)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}) // as above
}
