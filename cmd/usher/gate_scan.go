package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"usher/gate"
	"usher/gate/door"
	"usher/gate/scan"
	"usher/sync/admission"
	"usher/sync/fault"
)

func newGateScan() *cobra.Command {
	c := &cobra.Command{
		Use:   "scan FILE…|-",
		Short: "Scan tickets from pictures, or codes from standard input",
		Long: `Judges each ticket at this gate, whether its agent runs or not, with no network.
FILE is a picture (PNG, JPEG, GIF, WebP, BMP) or a text with one code a line; - reads
such a text from standard input. A code is what the QR holds, or the short code that
is printed beneath it. docs/gate.md says what each verdict means and what to do.

A CHECK or MUST PAY wants something of you first. Answer its questions, by their codes,
with --answer, confirm with --confirm, and scan again; both hold for every ticket of
the command, so scan one at a time.

A role card among the files signs its holder in for those after it. --override lets in
against a refusal where a supervisor is signed in, with the card or with --sign-in.

Exit status: 0 all admitted, 1 somebody refused, 2 the gate could not judge.`,
		Example: `  usher gate scan ticket.png
  usher gate scan --data /var/lib/usher/gate-north --direction out ticket.png
  usher gate scan --confirm unpaid ticket.png
  usher gate scan --answer age=21 --answer photo=yes ticket.png
  scanner | usher gate scan --direction verify --json -
  usher gate scan --override "lost wristband" role-card.png ticket.png`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 || slices.Contains(args, "") {
				return fault.New(fault.BadInput, "usher gate scan needs picture files, or - for codes from standard input")
			}
			return nil
		},
		RunE: runGateScan,
	}
	addData(c, "gate")
	c.Flags().String("at", "", "judge as if it were this `TIME` (2026-07-04T19:30:00+02:00); only for events marked as a rehearsal")
	c.Flags().String("direction", "in", "`in|out|verify`; verify looks and changes nothing")
	c.Flags().StringArray("confirm", nil, "what you have seen to: `unpaid|stale_list`; may be given several times")
	c.Flags().StringArray("answer", nil, "`CODE=TEXT`, the holder's answer to a question; may be given several times")
	c.Flags().String("by", "", "who stands at the gate, where nobody signs in; kept in the record")
	c.Flags().String("override", "", "let in against a refusal, for this `REASON`; a supervisor has to be signed in")
	addSignIn(c)
	return c
}

// sight is one code to judge, and where it came from.
type sight struct {
	from string // a file, or "-:3" for a line
	text string
	how  string
	err  error // there is no code in it
}

func runGateScan(c *cobra.Command, args []string) error {
	request, err := scanRequest(c)
	if err != nil {
		return err
	}
	if err := checkFiles(args); err != nil {
		return err
	}
	dir, err := dataDir(c)
	if err != nil {
		return err
	}
	w, err := gate.Reach(c.Context(), gate.Config{Data: dir})
	if err != nil {
		return err
	}
	var worst int
	if err = signIn(c, w); err == nil {
		worst, err = scanAll(c, w, request, args)
	}
	if err = joined(err, w.Close()); err != nil {
		return err
	}
	return saidAlready(worst)
}

// checkFiles refuses a name that is no file's before anything is judged.
func checkFiles(files []string) error {
	for _, file := range files {
		if file == "-" {
			continue
		}
		info, err := os.Stat(file)
		if err == nil && info.IsDir() {
			err = syscall.EISDIR
		}
		if err != nil {
			return fault.Wrap(fault.BadInput, cause(err), "can't read %s", file)
		}
	}
	return nil
}

// scanAll judges every code in the files and gives the worst exit status.
func scanAll(c *cobra.Command, w gate.Reached, request door.Scan, files []string) (worst int, err error) {
	n := 0
	err = eachSight(c, files, func(s sight) error {
		n++
		// Every file and line is held up on purpose, so none is taken for the same
		// sighting as the one before.
		request.Text, request.How, request.Lane = s.text, s.how, fmt.Sprintf("%s%d-%d", door.CommandLane, os.Getpid(), n)
		if s.err != nil {
			worst = max(worst, readStatus(s.err))
			return printNoCode(c, s)
		}
		answer, err := w.Scan(c.Context(), request)
		if err != nil {
			return err
		}
		worst = max(worst, statusOf(answer))
		if err := printAnswer(c, s, answer); err != nil {
			return err
		}
		return w.Shown(c.Context(), answer.Seq)
	})
	return worst, err
}

// errCannot ends a command with exitFault after it has said why itself.
var errCannot = errors.New("the gate could not judge")

func scanRequest(c *cobra.Command) (door.Scan, error) {
	r := door.Scan{Direction: admission.In}
	switch d := flag(c, "direction"); d {
	case "in", "out":
		r.Direction = admission.Direction(d)
	case "verify":
		r.Look = true
	default:
		return r, fault.New(fault.BadInput, "--direction %q: want in, out or verify", d)
	}
	if why := flag(c, "override"); why != "" {
		if r.Look {
			return r, fault.New(fault.BadInput, "--override with --direction verify: who is only looked at isn't let in")
		}
		r.Override = &door.Override{Reason: why}
	}
	if at := flag(c, "at"); at != "" {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil || t.UnixMilli() <= 0 {
			return r, fault.New(fault.BadInput, "--at %q: want a time like 2026-07-04T19:30:00+02:00", at)
		}
		r.At = t.UnixMilli()
	}
	r.Operator = flag(c, "by")
	return r, addReplies(c, &r)
}

// addReplies adds what staff answers to an ask.
func addReplies(c *cobra.Command, r *door.Scan) error {
	confirmed, err := c.Flags().GetStringArray("confirm")
	if err != nil {
		return err
	}
	for _, text := range confirmed {
		if !slices.Contains(admission.Confirmable(), admission.Reason(text)) {
			return fault.New(fault.BadInput, "--confirm %.40q: want unpaid or stale_list", text)
		}
		r.Confirmed = append(r.Confirmed, admission.Reason(text))
	}
	answers, err := c.Flags().GetStringArray("answer")
	if err != nil {
		return err
	}
	for _, text := range answers {
		question, answer, ok := strings.Cut(text, "=")
		if _, twice := r.Answers[question]; !ok || question == "" || twice {
			return fault.New(fault.BadInput, "--answer %.40q: want CODE=TEXT, each code once", text)
		}
		if r.Answers == nil {
			r.Answers = map[string]string{}
		}
		r.Answers[question] = answer
	}
	return nil
}

func statusOf(a door.Answer) int {
	switch {
	case a.Green(), a.Result == door.ResultSignedIn:
		return exitDone
	case a.Result == admission.Cannot:
		return exitFault
	}
	return exitRefused
}

// eachSight finds the codes in the files, in their order.
func eachSight(c *cobra.Command, files []string, do func(sight) error) error {
	for _, file := range files {
		if file == "-" {
			if err := eachLine("-", c.InOrStdin(), do); err != nil {
				return err
			}
			continue
		}
		if err := eachIn(file, do); err != nil {
			return err
		}
	}
	return nil
}

func eachIn(file string, do func(sight) error) error {
	f, err := os.Open(file)
	if err != nil {
		return fault.Wrap(fault.BadInput, cause(err), "can't read %s", file)
	}
	defer f.Close()
	var head [512]byte
	n, err := io.ReadFull(f, head[:])
	switch {
	case errors.Is(err, io.EOF):
		return do(sight{from: file, err: fault.New(fault.BadInput, "the file is empty")})
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Wrap(fault.BadInput, cause(err), "can't read %s", file)
	}
	whole := io.MultiReader(bytes.NewReader(head[:n]), f)
	if strings.HasPrefix(http.DetectContentType(head[:n]), "text/plain") {
		return eachLine(file, whole, do)
	}
	texts, err := scan.Picture(whole)
	if err != nil {
		return do(sight{from: file, err: err}) // the others are judged all the same
	}
	for _, text := range texts {
		if err := do(sight{from: file, text: text, how: scan.HowPicture}); err != nil {
			return err
		}
	}
	return nil
}

func eachLine(name string, r io.Reader, do func(sight) error) error {
	for line, err := range scan.Lines(r) {
		if err != nil {
			return fault.Wrap(fault.BadInput, err, "can't read codes from %s", name)
		}
		how := scan.HowWedge
		if scan.Classify(line.Text).Kind == scan.ShortCode {
			how = scan.HowTyped
		}
		if err := do(sight{from: fmt.Sprintf("%s:%d", name, line.Number), text: line.Text, how: how}); err != nil {
			return err
		}
	}
	return nil
}

func printNoCode(c *cobra.Command, s sight) error {
	word, reason := "NO CODE", "no_code"
	if !errors.Is(s.err, scan.ErrNoCode) {
		word, reason = "NO PICTURE", "no_picture"
	}
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), map[string]string{"file": s.from, "result": "none", "reason": reason, "error": s.err.Error()})
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%-14s %s\n               %s\n", word, printable(s.from), printable(s.err.Error()))
	return err
}

func printAnswer(c *cobra.Command, s sight, a door.Answer) error {
	if wantsJSON(c) {
		return printJSON(c.OutOrStdout(), struct {
			File string `json:"file"`
			door.Answer
		}{s.from, a})
	}
	out := c.OutOrStdout()
	fmt.Fprintf(out, "%-14s %s", a.Display.Word, printable(s.from))
	if a.Short != "" {
		fmt.Fprintf(out, "   ticket %s", a.Short)
	}
	fmt.Fprintln(out)
	for _, line := range append([]string{a.Display.Why, a.Display.Do}, a.Display.More...) {
		if line != "" {
			fmt.Fprintf(out, "               %s\n", printable(line))
		}
	}
	if len(a.Flags) > 0 {
		fmt.Fprintf(out, "               flags: %s\n", strings.Join(a.Flags, ", "))
	}
	return nil
}
