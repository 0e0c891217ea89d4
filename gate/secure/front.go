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
)

//go:embed trust.html
var trustPage string

// The addresses that answer to everybody, in plain text too: what is behind them is
// no secret, and a phone needs it before it can trust anything.
const (
	TrustPath       = "/trust"
	certificatePath = "/authority.crt"
)

// Front goes before an agent's handler. Plain text gets through where it always did
// for good reason: from the device itself, from other gates, whose journals prove
// themselves, and for the health check. Anybody else is led to the encrypted page.
func Front(next http.Handler, id Identity, gate string) http.Handler {
	trust := template.Must(template.New("trust").Parse(trustPage))
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+TrustPath, func(w http.ResponseWriter, _ *http.Request) { showTrust(w, trust, id, gate) })
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
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	if from.Addr().Unmap().IsLoopback() {
		return true
	}
	local, is := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !is {
		return false
	}
	to, err := netip.ParseAddrPort(local.String())
	return err == nil && to.Addr().Unmap() == from.Addr().Unmap()
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

func showTrust(w http.ResponseWriter, page *template.Template, id Identity, gate string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	data := struct{ Gate, Fingerprint, Certificate string }{Gate: gate, Certificate: certificatePath}
	if root := id.Authority(); root != nil {
		data.Fingerprint = FingerprintOf(root).String()
	}
	_ = page.Execute(w, data) // the other side hung up: nobody is left to tell
}

func giveAuthority(w http.ResponseWriter, id Identity) {
	root := id.Authority()
	if root == nil {
		http.Error(w, "this gate has a real certificate: there is nothing to trust", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/x-x509-ca-cert")
	w.Header().Set("Content-Disposition", `attachment; filename="usher-gate.crt"`)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}) // as above
}
