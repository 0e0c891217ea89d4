package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// sayEvery is how often progress is told where there is no terminal to draw a
// bar on. What takes less says nothing.
const sayEvery = time.Second

// progress tells on standard error how far a long command is: a bar on a
// terminal, a line now and then elsewhere.
type progress struct {
	out  io.Writer
	bar  *progressbar.ProgressBar // of the step; nil without a terminal
	tty  bool
	step string
	said time.Time
	now  func() time.Time
}

func newProgress(c *cobra.Command) *progress {
	p := &progress{out: c.ErrOrStderr(), now: time.Now}
	if f, isFile := p.out.(*os.File); isFile {
		p.tty = term.IsTerminal(int(f.Fd()))
	}
	p.said = p.now()
	return p
}

// tell says that done of total are through a step. A total of 0 means that it is
// not known yet.
func (p *progress) tell(step string, done, total int) {
	if p.tty {
		p.draw(step, done, total)
		return
	}
	if now := p.now(); now.Sub(p.said) >= sayEvery {
		p.said = now
		if total > 0 {
			fmt.Fprintf(p.out, "%s: %d of %d\n", step, done, total)
		} else {
			fmt.Fprintf(p.out, "%s …\n", step)
		}
	}
}

func (p *progress) draw(step string, done, total int) {
	if p.bar == nil || p.step != step {
		p.end()
		if total == 0 {
			total = -1 // a spinner
		}
		p.step = step
		p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(step),
			progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(sayEvery/10),
			progressbar.OptionClearOnFinish(), progressbar.OptionFullWidth())
	} else if total > 0 && p.bar.GetMax() != total {
		p.bar.ChangeMax(total)
	}
	_ = p.bar.Set(done) // a bar that can't be drawn is no reason to stop
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}
