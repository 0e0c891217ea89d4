package doorpage

import (
	"slices"
	"testing"

	"usher/e2e/browser"
	"usher/gate/gatetest"
)

// timed keeps how long each part of a camera's scan took.
const timed = `
globalThis.took = {};
new PerformanceObserver((list) => { for (const m of list.getEntries()) (took[m.name] ||= []).push(m.duration); }).observe({ type: "measure" });
`

// From a code in the camera's frame to the verdict on the screen. What it takes is
// logged, for docs/performance.md; -run Speed -v shows it.
func TestCameraSpeed(t *testing.T) {
	const codes = 15
	d := open(t, setup{before: timed, camera: func(v *gatetest.Venue) (film []browser.Scene) {
		for n := 1; n <= codes; n++ {
			film = append(film, browser.Scene{Frames: 3}, browser.Scene{Picture: inSight(t, v.Code(t, ticketID(n), 0)), Frames: 8})
		}
		return film
	}})
	d.startCamera()
	d.until(`took["seen-painted"]?.length >= 10`) // a film may be met in its middle, by a slow machine
	for _, part := range []string{"seen-painted", "camera-read", "camera-judged"} {
		ms := eval[[]float64](d, `took["`+part+`"]`)
		slices.Sort(ms)
		t.Logf("%-13s p50 %.0f ms, p95 %.0f ms, of %d", part, ms[len(ms)/2], ms[len(ms)*95/100], len(ms))
	}
}
