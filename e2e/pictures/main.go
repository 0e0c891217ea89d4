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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	places, ended := make(chan demo.Place, 1), make(chan error, 1)
	go func() {
		ended <- demo.Run(ctx, demo.Config{Data: filepath.Join(dir, "demo"), People: 200, Log: slog.New(slog.DiscardHandler), Step: func(string, int, int) {}},
			func(p demo.Place) { places <- p })
	}()
	select {
	case p := <-places:
		err = draw(ctx, p, dir)
	case err = <-ended:
		return err
	}
	cancel()
	return errors.Join(err, <-ended)
}

// draw takes the pictures: the door's verdicts on a phone, the live page on a desk.
func draw(ctx context.Context, p demo.Place, dir string) error {
	phone, closePhone, err := browser.Open(ctx, browser.Config{Profile: filepath.Join(dir, "phone"), Width: 390, Height: 844})
	if err != nil {
		return err
	}
	defer closePhone()
	if err := phone.Go(p.Doors["north"]); err != nil {
		return err
	}
	if err := phone.Wait(`document.getElementById("link").dataset.state === "online"`, patience); err != nil {
		return err
	}
	for _, shot := range []struct{ name, ticket, tone string }{
		{"door-admit", "ticket-1.png", "green"}, {"door-void", "revoked.png", "red"},
	} {
		code, err := codeOf(filepath.Join(p.Tickets, shot.ticket))
		if err != nil {
			return err
		}
		if err := phone.Keys(code + "\r"); err != nil {
			return err
		}
		if err := phone.Wait(fmt.Sprintf(`document.getElementById("verdict").classList.contains("tone-%s")`, shot.tone), patience); err != nil {
			return err
		}
		if err := save(phone, shot.name); err != nil {
			return err
		}
	}
	desk, closeDesk, err := browser.Open(ctx, browser.Config{Profile: filepath.Join(dir, "desk"), Width: 1100, Height: 900})
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
