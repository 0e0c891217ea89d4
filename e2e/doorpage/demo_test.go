package doorpage

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/cmd/usher/demo"
	"usher/e2e/rig"
	"usher/gate/scan"
)

// openDoor opens a tab at one of the demo's doors.
func openDoor(t *testing.T, place demo.Place, gate string) *door {
	t.Helper()
	d := &door{t: t, Tab: (&setup{}).tab(t, nil)}
	d.visit(place.Doors[gate])
	return d
}

// sample reads the code of one of the demo's tickets.
func sample(t *testing.T, place demo.Place, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join(place.Tickets, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	texts, err := scan.Picture(f)
	if err != nil || len(texts) != 1 {
		t.Fatalf("%s: %v %v", name, texts, err)
	}
	return texts[0]
}

// One demonstration serves both: it takes longer to start than to look at.
func TestDemonstration(t *testing.T) {
	t.Parallel()
	place := rig.Demo(t)
	t.Run("the server's pages have no flaws", func(t *testing.T) { seeServersPages(t, place) })
	t.Run("with the server away", func(t *testing.T) { goOnAlone(t, place) })
}

func seeServersPages(t *testing.T, place demo.Place) {
	d := &door{Tab: (&setup{width: 1100, height: 900}).tab(t, nil), t: t}
	d.must(d.Go(place.Live))
	d.until(`document.querySelectorAll("#gates tr").length > 0 && document.querySelectorAll("#devices tr").length > 0`)
	d.flawless("the live page")
	d.do(`document.querySelector("a.back").click()`)
	d.until(`!document.querySelector("#gates") && document.readyState === "complete"`)
	d.flawless("the list of events")
	d.must(d.Go(place.Live[:strings.Index(place.Live, "/events/")] + "/events/NONE"))
	d.flawless("an error")
}

func goOnAlone(t *testing.T, place demo.Place) {
	d := openDoor(t, place, "north")
	d.until(`document.getElementById("link").dataset.state === "online"`)
	d.must(demo.Doors(t.Context(), place.Data, true))
	d.must(demo.Server(t.Context(), place.Data, false))
	d.until(`document.getElementById("link").dataset.state === "alone"`)
	d.visit(place.Doors["north"])
	d.until(`document.getElementById("link")?.dataset.state === "alone"`)
	d.scan(sample(t, place, "ticket-6.png"))
	d.shows("green", "tick", "ADMIT")
	d.until(`/alone/.test(document.getElementById("more").textContent) || ` + idle)
	d.until(`document.getElementById("unsent").dataset.state === "some"`)
	if err := demo.Server(t.Context(), place.Data, true); err != nil {
		t.Fatal(err)
	}
	d.until(`document.getElementById("unsent").dataset.state === "none"`)
}
