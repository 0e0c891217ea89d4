package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"usher/server"
	"usher/server/guard"
	"usher/sync/fault"
)

// redisEnv names the variable that may hold the address of Redis.
const redisEnv = "USHER_REDIS"

// serverListen is where a server answers when nobody says otherwise.
const serverListen = "127.0.0.1:8420"

func newServe() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the server: live pages, enrolment of gates, exchange with them",
		Long: `Answers managers' browsers and the gates until it is told to stop (Ctrl-C, SIGTERM),
then finishes what is under way. Prints the address of the live page with the key
that opens it; whoever has that link is the manager.

Told to stop, a server on a PostgreSQL database first drains for 5 s (--drain): /readyz
answers 503, so that a load balancer sends nobody there any more, and its gates are
asked to move to the other servers. The signal SIGUSR1 begins that without stopping
the server, SIGUSR2 takes it back.

Other usher commands may work on the same data at the same time. With --database
so may any number of servers, on as many machines: see docs/cluster.md.

Without --tls-cert and --tls-key it speaks plain HTTP: put it behind a proxy that
speaks TLS, or keep it on a network that you trust. What gates and server tell
each other is signed and sealed either way. Name such a proxy by --trusted-proxies,
or all buyers who come by it share the limits of one address.`,
		Example: `  usher serve
  usher serve --data /srv/usher --listen :8420 --public-url https://tickets.example --passphrase-file /run/secrets/usher
  usher serve --database postgres://usher@db.example/usher --public-url https://tickets.example --passphrase-file /run/secrets/usher`,
		Args: cobra.NoArgs,
		RunE: untilStopped(runServe),
	}
	addData(c, "server")
	addPassphrase(c)
	addOrganiser(c)
	addLog(c, "info")
	c.Flags().String("listen", serverListen, "`HOST:PORT` to answer on; port 0 takes a free one")
	c.Flags().String("public-url", "", "`URL` under which browsers and gates reach the server (default: where it listens)")
	c.Flags().String("redis", "", "`URL` of a Redis that carries word between the servers of a database, redis://… (or set "+redisEnv+"; default: PostgreSQL does)")
	c.Flags().StringSlice("trusted-proxies", nil, "`ADDRESSES` and networks of the balancers before the server, as in 10.0.0.0/8,192.0.2.7: their X-Forwarded-For says who a buyer is (default: nobody's)")
	c.Flags().Duration("drain", 0, "how `LONG` to go on answering when told to stop, while others take over (default: 5s with --database, else 0s)")
	c.Flags().String("tls-cert", "", "`FILE` of the TLS certificate chain (PEM)")
	c.Flags().String("tls-key", "", "`FILE` of the certificate's private key (PEM)")
	c.MarkFlagsRequiredTogether("tls-cert", "tls-key")
	addPayments(c)
	addMail(c)
	addPasses(c)
	return c
}

func runServe(c *cobra.Command, _ []string) (err error) {
	log, err := logger(c)
	if err != nil {
		return err
	}
	public, err := publicURL(flag(c, "public-url"))
	if err != nil {
		return err
	}
	cfg, err := serverData(c)
	if err != nil {
		return err
	}
	if cfg.Drain, err = drainFor(c, cfg.Database != ""); err != nil {
		return err
	}
	sells, err := selling(c)
	if err != nil {
		return err
	}
	passes, err := passKeys(c)
	if err != nil {
		return err
	}
	proxies, err := trustedProxies(c)
	if err != nil {
		return err
	}
	if cfg.Now, err = serverClock(); err != nil {
		return err
	}
	listener, scheme, err := listen(c)
	if err != nil {
		return err
	}
	defer listener.Close() // the server closes it too, unless it never gets that far
	if public == "" {
		public = scheme + "://" + reachable(listener.Addr())
	}
	cfg.Organiser, cfg.PublicURL, cfg.Proxies, cfg.Selling, cfg.PassKeys, cfg.Log = flag(c, "organiser"), public, proxies, sells, passes, log
	if cfg.Redis = flag(c, "redis"); cfg.Redis == "" && cfg.Database != "" {
		cfg.Redis = os.Getenv(redisEnv)
	}
	s, err := openServerIn(c, cfg, needsKeys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := announce(c, s, listener, public); err != nil {
		return err
	}
	defer onDrainSignals(s.StartDrain, s.EndDrain)()
	return s.Serve(c.Context(), listener)
}

// trustedProxies reads who is believed when they say whom a request comes from.
func trustedProxies(c *cobra.Command) (guard.Proxies, error) {
	list, err := c.Flags().GetStringSlice("trusted-proxies")
	if err != nil {
		return nil, err
	}
	proxies, err := guard.ParseProxies(list)
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "--trusted-proxies: %s", fault.Message(err))
	}
	return proxies, nil
}

// drainDefault is how long a server that has others beside it drains.
const drainDefault = 5 * time.Second

// drainFor is how long the server drains before it stops.
func drainFor(c *cobra.Command, others bool) (time.Duration, error) {
	d, err := c.Flags().GetDuration("drain")
	switch {
	case err != nil:
		return 0, err
	case d < 0:
		return 0, fault.New(fault.BadInput, "--drain %v: want how long, as in 10s", d)
	case others && !c.Flags().Changed("drain"):
		return drainDefault, nil
	}
	return d, nil
}

// listen opens the address to answer on, with TLS if there is a certificate.
func listen(c *cobra.Command) (listener net.Listener, scheme string, err error) {
	var secure *tls.Config
	scheme = "http"
	if cert := flag(c, "tls-cert"); cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, flag(c, "tls-key"))
		if err != nil {
			return nil, "", fault.Wrap(fault.BadInput, err, "can't use the certificate %s with the key %s", cert, flag(c, "tls-key"))
		}
		secure, scheme = &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}, "https"
	}
	listener, err = net.Listen("tcp", flag(c, "listen"))
	if err != nil {
		return nil, "", fault.Wrap(fault.Unavailable, err, "can't listen on %s", flag(c, "listen"))
	}
	if secure != nil {
		listener = tls.NewListener(listener, secure)
	}
	return listener, scheme, nil
}

// publicURL checks the address that the server is reached under.
func publicURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fault.New(fault.BadInput, "--public-url %q: want an address like https://tickets.example", text)
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

// reachable gives an address that a browser on this machine can open: one that
// listens on all interfaces is reached on the loopback too.
func reachable(addr net.Addr) string {
	tcp, isTCP := addr.(*net.TCPAddr)
	if !isTCP || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
}

func announce(c *cobra.Command, s *server.Server, listener net.Listener, public string) error {
	key, err := s.ManagerKey(c.Context())
	if err != nil {
		return err
	}
	link := public + "/manage?key=" + key
	mail := s.InboxAddress()
	if wantsJSON(c) {
		said := map[string]string{"url": public, "listen": listener.Addr().String(), "manager": link}
		if mail != "" {
			said["smtp"] = mail
		}
		return printJSON(c.OutOrStdout(), said)
	}
	if _, err = fmt.Fprintf(c.OutOrStdout(), "usher serves %s at %s\nLive page, for managers only: %s\n", s.Where(), public, link); err != nil || mail == "" {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "Mail, for everybody to read: %s/inbox/ (what is sent by SMTP to %s)\n", public, mail)
	return err
}
