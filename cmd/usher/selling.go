package main

import (
	netmail "net/mail"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"usher/server"
	"usher/server/payment/stripe"
	"usher/server/post"
	"usher/sync/fault"
)

// smtpEnv names the variable that may hold the mail server's address: it has a
// password in it, which has no business among the arguments of a process.
const smtpEnv = "USHER_SMTP"

// stripeEnv names the variable that may hold Stripe's API key and the signing
// secrets of its webhook, separated by spaces.
const stripeEnv = "USHER_STRIPE"

// maxKeyFile bounds the file of the key that mail is signed with, in bytes.
const maxKeyFile = 16 << 10

// addPayments adds the flags of who takes card payments.
func addPayments(c *cobra.Command) {
	c.Flags().Bool("sandbox", false, "take card payments in the payment sandbox, which takes no money: for trying")
	c.Flags().String("stripe-file", "", "`FILE` with Stripe's API key and on the next lines the signing secrets of its webhook (or set "+stripeEnv+" to them, separated by spaces)")
}

// addMail adds the flags of where mail goes.
func addMail(c *cobra.Command) {
	c.Flags().Bool("inbox", false, "send no mail, show it at /inbox to everybody: for trying")
	c.Flags().String("inbox-listen", "", "`HOST:PORT` at which the inbox takes mail by SMTP, from whoever reaches it (default: a free port of this machine, for itself alone)")
	c.Flags().String("mail-from", "", "`ADDRESS` that mail is from, as in \"Pier Events <tickets@pier.example>\"")
	c.Flags().String("dkim-key-file", "", "`FILE` with a private key in PEM, RSA or Ed25519, that signs mail for the domain of --mail-from (DKIM)")
	c.Flags().String("dkim-selector", "usher", "`NAME` under which the key's public half stands in DNS: NAME._domainkey.DOMAIN")
	c.Flags().String("smtp-file", "", "`FILE` with the mail server's address, smtp://USER:PASSWORD@HOST:PORT (or set "+smtpEnv+"); smtps:// for TLS from the first byte, smtp+insecure:// for none")
}

// selling reads how the server sells from a command's flags.
func selling(c *cobra.Command) (s server.Selling, err error) {
	s.Sandbox = isSet(c, "sandbox")
	if err := byStripe(c, &s); err != nil {
		return s, err
	}
	if c.Flags().Lookup("inbox") == nil {
		return s, nil
	}
	s.Inbox, s.InboxAt = isSet(c, "inbox"), flag(c, "inbox-listen")
	if s.InboxAt != "" && !s.Inbox {
		return s, fault.New(fault.BadInput, "--inbox-listen says where the inbox takes mail: add --inbox, or leave it out")
	}
	if from := flag(c, "mail-from"); from != "" {
		address, err := netmail.ParseAddress(from)
		if err != nil {
			return s, fault.New(fault.BadInput, "--mail-from %q: want an address such as Pier Events <tickets@pier.example>", from)
		}
		s.From = *address
	}
	if s.Sign, err = signer(c, s.From.Address); err != nil {
		return s, err
	}
	text := os.Getenv(smtpEnv)
	if path := flag(c, "smtp-file"); path != "" {
		b, err := secretFrom(path, "file of the mail server's address")
		if err != nil {
			return s, err
		}
		text = string(b)
	}
	if text == "" {
		return s, nil
	}
	if s.Inbox {
		return s, fault.New(fault.BadInput, "--inbox shows mail instead of sending it: leave it or the mail server's address out")
	}
	if s.From.Address == "" {
		return s, fault.New(fault.BadInput, "mail is sent from somebody: add --mail-from")
	}
	s.SMTP, err = post.ParseSMTP(text)
	return s, err
}

// signer reads the key that mail is signed with; nil where none is named.
func signer(c *cobra.Command, from string) (*post.Signer, error) {
	path := flag(c, "dkim-key-file")
	if path == "" {
		return nil, nil
	}
	key, err := keysFrom(path, "file of the DKIM key", maxKeyFile)
	if err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(from, "@")
	s, err := post.NewSigner(domain, flag(c, "dkim-selector"), key)
	if err != nil {
		return nil, err
	}
	name, text, err := s.Record()
	if err != nil {
		return nil, err
	}
	c.PrintErrf("mail is signed; DNS has to have: %s TXT %q\n", name, text)
	return s, nil
}

// byStripe makes Stripe the payment provider, if its key is given.
func byStripe(c *cobra.Command, s *server.Selling) error {
	text := os.Getenv(stripeEnv)
	if path := flag(c, "stripe-file"); path != "" {
		b, err := secretFrom(path, "file of Stripe's key")
		if err != nil {
			return err
		}
		text = string(b)
	}
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil
	}
	provider, err := stripe.New(stripe.Config{Key: words[0], HookSecrets: words[1:], Log: quietLog(c)})
	if err != nil {
		return err
	}
	s.Payment = provider
	return nil
}
