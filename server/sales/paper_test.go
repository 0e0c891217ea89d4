package sales_test

import (
	"bytes"
	"image"
	"image/png"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"usher/server/catalog"
)

// The tickets in the mail of an order are on paper what they are to be: in the buyer's
// language, whatever the event's is, with its picture and small print and each ticket's
// short code; and so when they are sent again.
func TestTicketsInTheMail(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.pictured(t)
		buyer := ada
		buyer.Language = "fr"
		o := w.Buys(t, buyer, ga(2))
		if _, err := w.Resend(t.Context(), o.ID, "", "organiser"); err != nil {
			t.Fatal(err)
		}
		list, err := w.Post.About(t.Context(), o.ID)
		if err != nil || len(list) != 2 {
			t.Fatalf("%d mails, %v", len(list), err)
		}
		tickets, err := w.Tickets.Of(t.Context(), event, o.Tickets)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			l, err := w.Compose(t.Context(), m.Mail)
			if err != nil {
				t.Fatal(err)
			}
			paper := l.Files[0].Body
			if !bytes.Contains(paper, []byte("/Lang (fr)")) || !bytes.Contains(paper, []byte("/Subtype /Image")) {
				t.Errorf("it is in French: %t; it has the picture: %t", bytes.Contains(paper, []byte("/Lang (fr)")), bytes.Contains(paper, []byte("/Subtype /Image")))
			}
			for _, want := range []string{"Harbour Night", "Pier 7", "mardi 4 août 2026", "TITULAIRE", "Ada Lovelace", "No dogs on the pier.", tickets[0].ID.Short(), tickets[1].ID.Short()} {
				if text := textOf(t, paper); !strings.Contains(text, want) {
					t.Errorf("it lacks %q:\n%s", want, text)
				}
			}
		}
	})
}

// pictured gives the event a picture, and small print for its tickets.
func (w *world) pictured(t *testing.T) {
	t.Helper()
	var picture bytes.Buffer
	err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 300, 200)))
	spec, failed := catalog.ParseFile("night.toml", []byte(strings.NewReplacer(
		"time_zone =", "terms = \"No dogs on the pier.\"\ntime_zone =", "[shop]\n", "[shop]\npicture = \"pier.png\"\npicture_text = \"The pier\"\n").Replace(file)))
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	if err := spec.ReadPicture(fstest.MapFS{"pier.png": {Data: picture.Bytes()}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Catalog.Apply(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	w.Time.Pass(time.Second)
}

// textOf gives the text of a PDF file.
func textOf(t *testing.T, file []byte) string {
	t.Helper()
	program, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Fatal("pdftotext is missing: run `make deps` (it installs poppler-utils)")
	}
	run := exec.Command(program, "-", "-")
	run.Stdin = bytes.NewReader(file)
	out, err := run.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
