package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newKeysManager() *cobra.Command {
	c := &cobra.Command{
		Use:   "manager",
		Short: "Give the manager's pages a new key",
		Long: `Gives the manager's pages a new key: after a link to them was lost, or somebody
left. The link and every browser that was let in by the key of before open
nothing any more, at every server within a second, while they run. It prints the
new link, where an address has been noted.`,
		Example: "  usher keys manager",
		Args:    cobra.NoArgs,
		RunE:    runKeysManager,
	}
	addData(c, "server")
	addPassphrase(c)
	return c
}

func runKeysManager(c *cobra.Command, _ []string) error {
	s, err := openServer(c, needsKeys)
	if err != nil {
		return err
	}
	key, err := s.RotateManager(c.Context())
	link := "/manage?key=" + key
	if public, noted := s.NotedURL(c.Context()); noted == nil {
		link = public + link
	}
	if err = joined(err, s.Close()); err != nil {
		return err
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]string{"manager": link})
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "The manager's pages have a new key, and who had the old one is signed out.\nFor managers only: %s\n", link)
	return err
}
