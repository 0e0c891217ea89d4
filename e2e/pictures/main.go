// Command pictures makes the pictures in docs/pictures: it runs the demo, lets a
// real browser look at it, and saves what it sees.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"usher/cmd/usher/demo"
	"usher/e2e/browser"
	"usher/gate/scan"
)

const (
	folder   = "docs/pictures"
	patience = 20 * time.Second
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "usher-pictures-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	running, end := context.WithCancel(ctx)
	defer end()
	places, ended := make(chan demo.Place, 1), make(chan error, 1)
	go func() {
		ended <- demo.Run(running, demo.Config{Data: filepath.Join(dir, "demo"), People: 200, Log: slog.New(slog.DiscardHandler), Step: func(string, int, int) {}},
			func(p demo.Place) { places <- p })
	}()
	select {
	case p := <-places:
		err = draw(ctx, p, dir, end)
	case err = <-ended:
		return err
	}
	end()
	return errors.Join(err, <-ended)
}

// draw takes the pictures: the door's verdicts on a phone, the live page on a desk.
func draw(ctx context.Context, p demo.Place, dir string, end context.CancelFunc) error {
	phone, closePhone, err := browser.Open(ctx, browser.Config{Profile: filepath.Join(dir, "phone"), Width: 390, Height: 700, Scale: 2})
	if err != nil {
		return err
	}
	defer closePhone()
	if err := errors.Join(drawShop(ctx, p, dir), drawDoor(phone, p), drawLive(ctx, p, dir)); err != nil {
		return err
	}
	end() // from here on the gate's agent answers nobody
	return errors.Join(
		phone.Wait(`document.getElementById("link").dataset.state === "bad"`, patience),
		shoot(phone, p, shot{name: "door-cannot", keys: " i", ticket: "ticket-5.png", tone: "hatch"}),
	)
}

// shot is a picture of the door page with a verdict.
type shot struct {
	name   string
	keys   string // pressed before
	ticket string // of the demo's, scanned then; "": none is
	tone   string
}

// drawDoor takes a picture of each kind of verdict.
func drawDoor(phone *browser.Tab, p demo.Place) error {
	if err := phone.Go(p.Doors["north"]); err != nil {
		return err
	}
	if err := phone.Wait(`document.getElementById("link").dataset.state === "online"`, patience); err != nil {
		return err
	}
	// A green stands for as long as it may, so that it is there to be seen.
	if _, err := browser.Eval[string](phone, `localStorage.settings = JSON.stringify({ green: 3 })`); err != nil {
		return err
	}
	if err := phone.Go(p.Doors["north"]); err != nil {
		return err
	}
	for _, s := range []shot{
		{name: "door-ready", tone: "idle"},
		{name: "door-admit", ticket: "ticket-1.png", tone: "green"},
		{name: "door-check", ticket: "ticket-4.png", tone: "amber"},
		{name: "door-void", keys: " ", ticket: "revoked.png", tone: "red"},
		{name: "door-already-in", keys: " ", ticket: "ticket-1.png", tone: "red"},
		{name: "door-exit", keys: " o", ticket: "ticket-1.png", tone: "blue"},
		{name: "door-re-entry", keys: "i", ticket: "ticket-1.png", tone: "blue"},
		{name: "door-verify", keys: "v", ticket: "ticket-2.png", tone: "green"},
	} {
		if err := shoot(phone, p, s); err != nil {
			return err
		}
	}
	return drawNight(phone, p)
}

// drawNight takes a picture of a verdict by the night theme.
func drawNight(phone *browser.Tab, p demo.Place) error {
	const theme = `(document.body.dataset.theme = "%s")`
	if _, err := browser.Eval[string](phone, fmt.Sprintf(theme, "night")); err != nil {
		return err
	}
	if err := shoot(phone, p, shot{name: "door-night", keys: "i", ticket: "ticket-3.png", tone: "green"}); err != nil {
		return err
	}
	_, err := browser.Eval[string](phone, fmt.Sprintf(theme, "bright"))
	return err
}

// alone waits until a key that was pressed counts as one that stands alone, and not
// as the beginning of a code.
const alone = `new Promise((done) => setTimeout(done, 400, ""))`

func shoot(phone *browser.Tab, p demo.Place, s shot) error {
	for _, key := range s.keys {
		if err := phone.Keys(string(key)); err != nil {
			return err
		}
		if _, err := browser.Eval[string](phone, alone); err != nil {
			return err
		}
	}
	if s.ticket != "" {
		code, err := codeOf(filepath.Join(p.Tickets, s.ticket))
		if err != nil {
			return err
		}
		if err := phone.Keys(code + "\r"); err != nil {
			return err
		}
	}
	if err := phone.Wait(fmt.Sprintf(`/(^| |-)%s( |$)/.test(document.getElementById("verdict").className) && document.getElementById("word").textContent`, s.tone), patience); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if err := phone.Wait(still, patience); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return save(phone, s.name)
}

// still is true when no colour is on its way to another.
const still = `document.getAnimations().length === 0`

// drawLive takes a picture of the manager's live page.
func drawLive(ctx context.Context, p demo.Place, dir string) error {
	desk, closeDesk, err := browser.Open(ctx, browser.Config{Profile: filepath.Join(dir, "desk"), Width: 1100, Height: 900, Scale: 2})
	if err != nil {
		return err
	}
	defer closeDesk()
	if err := desk.Go(p.Live); err != nil {
		return err
	}
	if err := desk.Wait(`document.querySelectorAll("#gates tr").length > 0`, patience); err != nil {
		return err
	}
	return save(desk, "live")
}

func save(tab *browser.Tab, name string) error {
	picture, err := tab.Picture()
	if err != nil {
		return fmt.Errorf("taking the picture %s: %w", name, err)
	}
	return os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)
}

func codeOf(picture string) (code string, err error) {
	f, err := os.Open(picture)
	if err != nil {
		return "", err
	}
	defer func(c io.Closer) { err = errors.Join(err, c.Close()) }(f)
	texts, err := scan.Picture(f)
	if err != nil {
		return "", err
	}
	return texts[0], nil
}
