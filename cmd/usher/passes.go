package main

import (
	"github.com/spf13/cobra"

	"usher/server"
	"usher/server/pass/apple"
	"usher/server/pass/google"
	"usher/sync/fault"
)

// addPasses adds the flags of passes for the wallets of others.
func addPasses(c *cobra.Command) {
	c.Flags().String("apple-pass-file", "", "`FILE` (PEM) with the certificate and key that sign passes for Apple Wallet, and Apple's intermediate certificate (default: no such passes)")
	c.Flags().Bool("apple-push", false, "tell Apple's devices when a pass of theirs changes, by "+apple.APNs+" (default: they look when their owner does)")
	c.Flags().String("google-wallet-file", "", "`FILE` (JSON) with the key of the service account that makes passes for Google Wallet (default: no such passes)")
	c.Flags().String("google-wallet-issuer", "", "`NUMBER` of the issuer in Google's Wallet console")
	c.MarkFlagsRequiredTogether("google-wallet-file", "google-wallet-issuer")
}

// passKeys reads what makes passes.
func passKeys(c *cobra.Command) (k server.PassKeys, err error) {
	if path := flag(c, "apple-pass-file"); path != "" {
		text, err := keysFrom(path, "pass certificate", apple.MaxIdentity)
		if err != nil {
			return k, err
		}
		if k.Apple, err = apple.ParseIdentity(text); err != nil {
			return k, fault.Wrap(fault.BadInput, err, "%s: %s", path, fault.Message(err))
		}
	}
	if isSet(c, "apple-push") {
		if k.Apple == nil {
			return k, fault.New(fault.BadInput, "--apple-push tells devices of passes that there are none of: add --apple-pass-file")
		}
		k.Push = apple.NewPush(k.Apple, apple.APNs, nil)
	}
	if path := flag(c, "google-wallet-file"); path != "" {
		text, err := keysFrom(path, "service account's key", google.MaxAccount)
		if err != nil {
			return k, err
		}
		if k.Google, err = google.ParseAccount(text, flag(c, "google-wallet-issuer")); err != nil {
			return k, fault.Wrap(fault.BadInput, err, "%s: %s", path, fault.Message(err))
		}
	}
	return k, nil
}
