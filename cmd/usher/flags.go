package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"usher/sync/fault"
)

// The back-quoted word in a flag's usage is what its value is called in the help.

// flag gives the text of a flag that the command has.
func flag(c *cobra.Command, name string) string {
	text, err := c.Flags().GetString(name)
	cobra.CheckErr(err) // the command was written without the flag
	return text
}

// isSet gives a yes-or-no flag that the command has.
func isSet(c *cobra.Command, name string) bool {
	on, err := c.Flags().GetBool(name)
	cobra.CheckErr(err)
	return on
}

// exactly wants n arguments and says what they are.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return fault.New(fault.BadInput, "%s needs %s; see %s --help", c.CommandPath(), what, c.CommandPath())
		}
		return nil
	}
}

// needs marks flags that have to be given.
func needs(c *cobra.Command, names ...string) {
	for _, name := range names {
		cobra.CheckErr(c.MarkFlagRequired(name))
	}
}

// addEvent adds --event; wanted says that it has to be given.
func addEvent(c *cobra.Command, wanted bool, what string) {
	c.Flags().String("event", "", what)
	if wanted {
		needs(c, "event")
	}
}

// addLog adds the flags of commands that run for long.
func addLog(c *cobra.Command, level string) {
	c.Flags().String("log-format", "text", "how the log on standard error is written: `text|json`")
	c.Flags().String("log-level", level, "the least important that is logged: `debug|info|warn|error`")
}

func logger(c *cobra.Command) (*slog.Logger, error) {
	var level slog.Level
	switch text := flag(c, "log-level"); text {
	case "debug", "info", "warn", "error":
		cobra.CheckErr(level.UnmarshalText([]byte(text)))
	default:
		return nil, fault.New(fault.BadInput, "--log-level %.40q: want debug, info, warn or error", text)
	}
	options := &slog.HandlerOptions{Level: level}
	switch text := flag(c, "log-format"); text {
	case "text":
		return slog.New(slog.NewTextHandler(c.ErrOrStderr(), options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(c.ErrOrStderr(), options)), nil
	default:
		return nil, fault.New(fault.BadInput, "--log-format %.40q: want text or json", text)
	}
}

// counted is a number with its noun.
func counted[N int | uint32 | uint64](n N, noun string) string {
	return fmt.Sprintf("%d %s", n, plural(n, noun))
}

func plural[N int | uint32 | uint64](n N, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
