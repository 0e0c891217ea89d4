package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"usher/gate"
	"usher/gate/door"
	"usher/server"
	"usher/sync/audit"
	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
)

func newJournal() *cobra.Command {
	return group("journal", "Check the signed journals, and carry them by hand",
		newJournalVerify(), newJournalExport(), newJournalImport(), newJournalRestored())
}

// addOwnData is addData for commands that work on a server's data and on a gate's.
func addOwnData(c *cobra.Command) {
	addData(c, "server")
	c.Flags().Lookup("data").Usage = "folder `DIR` of a server's or a gate's data (default: usher/server in your state folder)"
}

func newJournalVerify() *cobra.Command {
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check every record that a server or gate holds, from the key ring up",
		Long: `Checks the journals in a data folder: each record's form, number, link to the record
before it and signature; that each author was enrolled by the server's journal,
and the server by the key ring; that no node's own chain was cut off; and whether
somebody wrote two records with one number. It asks for no passphrase, changes
nothing and works beside a running server or agent.

Exit status: 0 all sound, 1 something is broken, 2 it could not be checked.`,
		Example: "  usher journal verify\n  usher journal verify --data /var/lib/usher/gate-north --json",
		Args:    cobra.NoArgs,
		RunE:    runJournalVerify,
	}
	addOwnData(c)
	addEvent(c, false, "check this event only")
	return c
}

func runJournalVerify(c *cobra.Command, _ []string) error {
	dir, who, err := dataOwner(c)
	if err != nil {
		return err
	}
	p := newProgress(c)
	progress := func(done, total uint64) { p.tell("checking", int(done), int(total)) }
	reports, err := audits(c, dir, who, progress)
	p.end()
	if err != nil {
		return err
	}
	sound := true
	for _, r := range reports {
		sound = sound && r.Sound()
	}
	if wantsJSON(c) {
		err = printJSON(c.OutOrStdout(), reports)
	} else {
		err = printAudits(c, reports)
	}
	if err == nil && !sound {
		err = errRefused
	}
	return err
}

// audits checks the events in a data folder, or the one that --event names.
func audits(c *cobra.Command, dir string, who owner, progress audit.Progress) (reports []*audit.Report, err error) {
	ctx, wanted := c.Context(), flag(c, "event")
	if who == ofGate {
		p, err := gate.OpenPeek(ctx, dir)
		if err != nil {
			return nil, err
		}
		if wanted != "" && wanted != p.Enrolment.Event {
			return nil, joined(fault.New(fault.NotFound, "the gate in %s is of event %s", dir, p.Enrolment.Event), p.Close())
		}
		r, err := p.Audit(ctx, progress)
		return []*audit.Report{r}, joined(err, p.Close())
	}
	s, err := openServer(c, withoutKeys)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	codes := []string{wanted}
	if wanted == "" {
		if codes, err = eventCodes(ctx, s); err != nil {
			return nil, err
		}
	}
	for _, code := range codes {
		r, err := s.Audit(ctx, code, progress)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

func eventCodes(ctx context.Context, s *server.Server) ([]string, error) {
	events, err := s.Catalog.Events(ctx)
	codes := make([]string, len(events))
	for i, e := range events {
		codes[i] = e.Code
	}
	return codes, err
}

func printAudits(c *cobra.Command, reports []*audit.Report) error {
	out := c.OutOrStdout()
	t := newTable(out, "EVENT", "AUTHOR", "ROLE", "DEVICE", "RECORDS", "HEAD", "NEWEST", "STATE")
	for _, r := range reports {
		for _, ch := range r.Chains {
			t.row(r.Event, dash(ch.Author), dash(ch.Role), chainName(ch.Node, ch.Epoch), ch.Records, ch.Head.String()[:12], newest(ch), chainState(ch))
		}
	}
	if err := t.flush(); err != nil {
		return err
	}
	for _, r := range reports {
		for _, ch := range r.Chains {
			if ch.Fault != nil {
				fmt.Fprintf(out, "%s: %s (%s), record %d: %s\n", r.Event, dash(ch.Author), chainName(ch.Node, ch.Epoch), ch.Fault.Seq, printable(ch.Fault.What))
			}
		}
		for _, f := range r.Forks {
			fmt.Fprintf(out, "%s: device %s wrote two records %d: it was cloned or restored\n", r.Event, chainName(f.Node, f.Epoch), f.Seq)
		}
		for _, text := range r.Faults {
			fmt.Fprintf(out, "%s: %s\n", r.Event, printable(text))
		}
	}
	return nil
}

func chainName(node journal.NodeID, epoch uint64) string {
	return journal.Chain{Node: node, Epoch: epoch}.String()
}

func newest(ch audit.Chain) string {
	if ch.Records == 0 {
		return "-"
	}
	return time.UnixMilli(ch.Last).UTC().Format(minute)
}

func chainState(ch audit.Chain) string {
	switch {
	case ch.Fault != nil:
		return "BROKEN"
	case ch.Unbelieved > 0:
		return fmt.Sprintf("sound, %d after it was expelled", ch.Unbelieved)
	case ch.Absent > 0:
		return fmt.Sprintf("sound, %d more not here yet", ch.Absent)
	}
	return "sound"
}

func newJournalExport() *cobra.Command {
	c := &cobra.Command{
		Use:   "export FILE",
		Short: "Write all journals of an event to a file, to carry by hand",
		Long: `Writes all that a server or gate holds of an event's journals to a file. Carried on
a stick or a phone, it brings a gate up to date that no network reaches, and brings
its scans back: usher journal import takes it in. What is in the file is signed and
can't be altered on the way; it is not secret from those who carry it.`,
		Example: `  usher journal export harbour.journal
  usher journal export --data /var/lib/usher/gate-north /media/stick/north.journal`,
		Args: exactly(1, "the file to write, or - for standard output"),
		RunE: runJournalExport,
	}
	addOwnData(c)
	addPassphrase(c)
	addEvent(c, false, "which event, where a server has several")
	addForce(c)
	return c
}

func runJournalExport(c *cobra.Command, args []string) error {
	dir, who, err := dataOwner(c)
	if err != nil {
		return err
	}
	event, write, end, err := exporter(c, dir, who)
	if err != nil {
		return err
	}
	var n uint64
	err = writeNew(c, args[0], 0o600, func(w io.Writer) (err error) {
		n, err = write(w)
		return err
	})
	if err = joined(err, end()); err != nil {
		return err
	}
	if args[0] == "-" {
		return nil
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]any{"event": event, "file": args[0], "records": n})
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %s in %s\n", event, counted(n, "record"), printable(args[0]))
	return err
}

// exporter opens data and gives what writes their journals of an event.
func exporter(c *cobra.Command, dir string, who owner) (event string, write func(io.Writer) (uint64, error), end func() error, err error) {
	ctx := c.Context()
	if who == ofGate {
		p, err := gate.OpenPeek(ctx, dir)
		if err != nil {
			return "", nil, nil, err
		}
		return p.Enrolment.Event, func(w io.Writer) (uint64, error) { return p.Export(ctx, w) }, p.Close, nil
	}
	s, err := openServer(c, needsKeys)
	if err != nil {
		return "", nil, nil, err
	}
	if event, err = onlyEvent(c, s); err != nil {
		return "", nil, nil, joined(err, s.Close())
	}
	return event, func(w io.Writer) (uint64, error) { return s.ExportJournal(ctx, event, w) }, s.Close, nil
}

func newJournalImport() *cobra.Command {
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Take in the journals of a file that was carried by hand",
		Long: `Takes in the records of a file that usher journal export wrote, at a server or a
gate, whether or not it runs. Each record is checked as if it came by the network:
one that is not signed by an enrolled author, or does not fit its chain, is refused,
and its chain stops there while the others go on.

Exit status: 0 all taken in, 1 some of it was refused, 2 the file can't be used.`,
		Example: "  usher journal import --data /var/lib/usher/gate-north /media/stick/harbour.journal",
		Args:    exactly(1, "a file that usher journal export wrote, or - for standard input"),
		RunE:    runJournalImport,
	}
	addOwnData(c)
	addPassphrase(c)
	return c
}

func runJournalImport(c *cobra.Command, args []string) error {
	dir, who, err := dataOwner(c)
	if err != nil {
		return err
	}
	take := importAtServer
	if who == ofGate {
		take = importAtGate
	}
	done, err := take(c, dir, args[0])
	if err != nil {
		return err
	}
	if wantsJSON(c) {
		err = printJSON(c.OutOrStdout(), done)
	} else {
		err = printImported(c, done)
	}
	if err == nil && len(done.Refused) > 0 {
		err = errRefused
	}
	return err
}

func importAtServer(c *cobra.Command, _, path string) (done door.Imported, err error) {
	name, f, err := openSeekable(c, path)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	s, err := openServer(c, needsKeys)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	file, report, err := s.ImportJournal(c.Context(), f)
	if err != nil {
		return done, fmt.Errorf("%s: %w", name, err)
	}
	return importedOf(file.Event, report), nil
}

// openSeekable is openFile for a file that is read twice; standard input is kept in
// memory for it.
func openSeekable(c *cobra.Command, path string) (name string, f io.ReadSeekCloser, err error) {
	if path == "-" {
		name, whole, err := readFile(c, path, maxJournalFile)
		return name, memory{bytes.NewReader(whole)}, err
	}
	file, err := os.Open(path)
	if err != nil {
		return path, nil, fault.Wrap(fault.BadInput, cause(err), "can't read %s", path)
	}
	return path, file, nil
}

type memory struct{ *bytes.Reader }

// Close implements io.Closer.
func (memory) Close() error { return nil }

func importedOf(event string, r exchange.Report) door.Imported {
	done := door.Imported{Event: event, Records: r.Taken, Known: r.Known, Refused: map[string]string{}}
	for chain, err := range r.Refused {
		done.Refused[chain.String()] = fault.Message(err)
	}
	return done
}

// maxJournalFile bounds what is taken into memory of standard input, in bytes.
const maxJournalFile = 256 << 20

func importAtGate(c *cobra.Command, dir, path string) (done door.Imported, err error) {
	name, file, err := openSeekable(c, path)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	g, err := gate.Reach(c.Context(), gate.Config{Data: dir, Log: quietLog(c)})
	if err != nil {
		return done, err
	}
	if done, err = g.Import(c.Context(), file); err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return done, joined(err, g.Close())
}

func printImported(c *cobra.Command, done door.Imported) error {
	out := c.OutOrStdout()
	fmt.Fprintf(out, "%s: %s taken in, %d known already\n", done.Event, counted(done.Records, "record"), done.Known)
	for _, chain := range slices.Sorted(maps.Keys(done.Refused)) {
		fmt.Fprintf(out, "refused from %s: %s\n", chain, printable(done.Refused[chain]))
	}
	return nil
}
