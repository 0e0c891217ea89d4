package main

import (
	"bytes"
	stdflag "flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = stdflag.Bool("update", false, "write docs/cli.md anew")

const manual = "../../docs/cli.md"

// docs/cli.md says what the program says of itself. After a change:
//
//	go test ./cmd/usher -run TestManual -update
func TestManual(t *testing.T) {
	var want bytes.Buffer
	want.WriteString(manualHead)
	describe(&want, newRoot())
	if *update {
		if err := os.WriteFile(manual, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want.Bytes()) {
		t.Error("docs/cli.md is not what the commands say: go test ./cmd/usher -run TestManual -update")
	}
}

// Every command that does something has an example and says what it needs.
func TestEveryCommandIsExplained(t *testing.T) {
	each(newRoot(), func(c *cobra.Command) {
		if c.HasSubCommands() && c.Name() != "demo" {
			return
		}
		if c.Short == "" || c.Example == "" {
			t.Errorf("%s lacks a summary or an example", c.CommandPath())
		}
	})
}

const manualHead = `# Commands

Made from the program's own help; ` + "`usher COMMAND --help`" + ` says the same.

Every command takes ` + "`--json`" + ` and then prints JSON for machines. The exit status is
0 for done or admitted, 1 for refused, 2 for wrong use or a fault. Errors go to
standard error and begin with ` + "`usher:`" + `.

` + "`--data DIR`" + ` names the folder of a server's or a gate's data. Without it that is
` + "`usher/server`" + ` or ` + "`usher/gate`" + ` in the user's state folder, which is
` + "`$XDG_STATE_HOME`" + `, or ` + "`~/.local/state`" + `. ` + "`--database URL`" + `, else ` + "`USHER_DATABASE`" + `, names a PostgreSQL
database in place of a server's folder.

The passphrase of a server's keys comes from ` + "`--passphrase-file`" + `, else from
` + "`USHER_PASSPHRASE`" + `, else from a question on the terminal.
`

// each goes through the commands in the order of the help.
func each(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			each(sub, do)
		}
	}
}

func describe(w *bytes.Buffer, root *cobra.Command) {
	each(root, func(c *cobra.Command) {
		if c == root || c.HasSubCommands() && c.Name() != "demo" {
			return
		}
		fmt.Fprintf(w, "\n## %s\n\n%s.\n", c.CommandPath(), strings.TrimSuffix(c.Short, "."))
		fmt.Fprintf(w, "\n    %s\n", strings.TrimSuffix(c.UseLine(), " [flags]"))
		if c.Long != "" {
			fmt.Fprintf(w, "\n```text\n%s\n```\n", c.Long)
		}
		if c.Example != "" {
			fmt.Fprintf(w, "\nExamples:\n\n```sh\n%s\n```\n", unindented(c.Example))
		}
		if c.HasAvailableLocalFlags() {
			w.WriteString("\n| flag | what it says | default |\n|---|---|---|\n")
			c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) { describeFlag(w, f) })
		}
	})
}

func unindented(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	return strings.Join(lines, "\n")
}

func describeFlag(w *bytes.Buffer, f *pflag.Flag) {
	if f.Hidden || f.Name == "help" {
		return
	}
	value, usage := pflag.UnquoteUsage(f)
	name := strings.TrimSpace("--" + f.Name + " " + value)
	standard := f.DefValue
	if standard == "false" || standard == "[]" {
		standard = ""
	}
	cell := strings.NewReplacer("|", `\|`)
	fmt.Fprintf(w, "| `%s` | %s | %s |\n", cell.Replace(name), cell.Replace(usage), standard)
}
