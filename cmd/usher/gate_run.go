package main

import (
	"context"
	"fmt"
	"net"
	"net/url"

	"github.com/spf13/cobra"

	"usher/gate"
	"usher/gate/discovery"
	"usher/sync/fault"
	"usher/sync/link"
)

// gateListen is where a gate's door page is, when nobody says otherwise.
const gateListen = "127.0.0.1:8430"

func newGateRun() *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "Run the gate's agent with its door page",
		Long: `Runs the gate's agent until it is told to stop (Ctrl-C, SIGTERM): the door page that
staff look at, and the exchange with the server and with other gates whenever a network
is there. It judges tickets with none.

The door page answers to this device; from another one, open the second address that
is printed, which has the door key in it. Other usher gate commands on the same data
ask the agent.

Gates that listen where they can be reached (--listen :8430) find each other on the
local network by multicast DNS, prove to each other that they were enrolled, and keep
each other in step when none reaches the server. --find-on names the interfaces to do
so on, --no-discovery leaves it. Where the network swallows multicast, --peer names
another gate's agent; it is enough if one of the two names the other.

The server is looked for where the gate was enrolled. --server names further
addresses: of the same server, or of others on its database. The agent goes round
them while none can take it.

--tls lets phones on the network open the page by HTTPS, without which their browsers
give it no camera: the agent makes a certificate, which a phone has to be told to trust
once (usher gate phone prints the card for it). Who has a real certificate names its
files with --tls-cert and --tls-key instead.`,
		Example: `  usher gate run
  usher gate run --listen :8430 --tls
  usher gate run --data /var/lib/usher/gate-north --listen :8430 --peer http://192.168.1.21:8430`,
		Args: cobra.NoArgs,
		RunE: untilStopped(runGateRun),
	}
	addData(c, "gate")
	c.Flags().String("listen", gateListen, "`HOST:PORT` of the door page; port 0 takes a free one")
	c.Flags().StringArray("peer", nil, "`URL` of another gate's agent to exchange with, http://HOST:PORT; may be given several times")
	c.Flags().StringArray("server", nil, "further `URL` of the server, beside the one that the gate was enrolled with; may be given several times")
	c.Flags().Bool("tls", false, "let phones open the page by HTTPS, with a certificate of the agent's own")
	c.Flags().String("tls-cert", "", "`FILE` of a real certificate with its chain, PEM, to let phones in by")
	c.Flags().String("tls-key", "", "`FILE` of its private key, PEM")
	c.MarkFlagsRequiredTogether("tls-cert", "tls-key")
	c.MarkFlagsMutuallyExclusive("tls", "tls-cert")
	c.Flags().Bool("no-discovery", false, "don't look for other gates on the local network, and don't be found")
	c.Flags().StringSlice("find-on", nil, "`INTERFACE` to find other gates on, as in eth0 (default: all but the loopback)")
	c.MarkFlagsMutuallyExclusive("no-discovery", "find-on")
	addLog(c, "info")
	return c
}

func runGateRun(c *cobra.Command, _ []string) error {
	log, err := logger(c)
	if err != nil {
		return err
	}
	peers, err := addresses(c, "peer")
	if err != nil {
		return err
	}
	servers, err := addresses(c, "server")
	if err != nil {
		return err
	}
	find, err := finding(c)
	if err != nil {
		return err
	}
	dir, err := dataDir(c)
	if err != nil {
		return err
	}
	phones := gate.TLS{On: isSet(c, "tls") || flag(c, "tls-cert") != "", Cert: flag(c, "tls-cert"), Key: flag(c, "tls-key")}
	return runAgent(c.Context(), gate.Config{Data: dir, Peers: peers, Servers: servers, Find: find, TLS: phones, Log: log}, flag(c, "listen"), func(a *gate.Agent) {
		if wantsJSON(c) {
			said := map[string]string{"door": a.URL, "link": a.Link()}
			if f := a.Fingerprint(); f != "" {
				said["fingerprint"] = f
			}
			_ = printJSON(c.OutOrStdout(), said)
			return
		}
		fmt.Fprintf(c.OutOrStdout(), "Door page on this device:  %s\nFrom another device:       %s\n", a.URL, elsewhere(a))
		if f := a.Fingerprint(); f != "" {
			fmt.Fprintf(c.OutOrStdout(), "Phones compare (SHA-256):  %s\n", f)
		}
	})
}

// addresses gives the URLs of nodes that a flag names.
func addresses(c *cobra.Command, name string) ([]string, error) {
	list, err := c.Flags().GetStringArray(name)
	for _, base := range list {
		if _, wrong := link.Address(base, "EVENT"); wrong != nil && err == nil {
			err = fault.Wrap(fault.BadInput, wrong, "--%s", name)
		}
	}
	return list, err
}

// finding says where to look for other gates.
func finding(c *cobra.Command) (find gate.Finding, err error) {
	if find.Off, err = c.Flags().GetBool("no-discovery"); err != nil {
		return find, err
	}
	if find.Interfaces, err = c.Flags().GetStringSlice("find-on"); err != nil {
		return find, err
	}
	if err := discovery.Check(find.Interfaces); err != nil {
		return find, fault.Wrap(fault.BadInput, err, "--find-on")
	}
	return find, nil
}

// elsewhere is the address of the door page for other devices, if they have one.
func elsewhere(a *gate.Agent) string {
	u, err := url.Parse(a.Link())
	if err != nil {
		return a.Link()
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return "not reachable; --listen :" + u.Port() + " would let others in"
	}
	return a.Link()
}

// runAgent runs an agent until ctx ends. ready is called once it answers.
func runAgent(ctx context.Context, cfg gate.Config, listen string, ready func(*gate.Agent)) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "can't listen on %s", listen)
	}
	g, err := gate.Open(ctx, cfg)
	if err != nil {
		return joined(err, listener.Close())
	}
	a, err := gate.NewAgent(g, listener)
	if err != nil {
		return joined(joined(err, g.Close()), listener.Close())
	}
	ready(a)
	return joined(a.Run(ctx), g.Close())
}
