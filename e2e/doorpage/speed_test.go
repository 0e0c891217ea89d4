package doorpage

import (
	"fmt"
	"slices"
	"testing"

	"usher/e2e/browser"
	"usher/gate/gatetest"
)

// timed keeps how long each part of a scan took, in ms: those that the page measures
// by its own clock, and those that come with the agent's answer.
const timed = `
globalThis.took = {};
const keep = (part, ms) => (took[part] ||= []).push(ms);
new PerformanceObserver((list) => { for (const m of list.getEntries()) keep(m.name, m.duration); }).observe({ type: "measure" });
const ask = fetch;
globalThis.fetch = async (path, ...more) => {
	const answer = await ask(path, ...more);
	if (String(path).startsWith("/api/scan")) answer.clone().json().then(({ seq, took: { decide_us, commit_us } }) => {
		if (seq) { keep("decide", decide_us / 1000); keep("commit", commit_us / 1000); }
	});
	return answer;
};`

// parts are those of a scan, by what the page calls them: from the camera's frame to
// the painted verdict; from the frame to its text; the agent's decision; its commit;
// the whole way to the agent and back, with both; from its answer to the screen.
var parts = []struct{ name, measured string }{
	{"all", "seen-painted"}, {"decode", "camera-read"}, {"decide", "decide"}, {"commit", "commit"}, {"ask", "camera-judged"}, {"paint", "judged-painted"},
}

// BenchmarkFrameToVerdict measures from a code in the camera's frame to the verdict on
// the screen, of a film of tickets, each new. An iteration is one film.
func BenchmarkFrameToVerdict(b *testing.B) {
	ms := map[string][]float64{}
	for b.Loop() {
		d := open(b, setup{before: timed, camera: filmOfAll(b)})
		d.startCamera()
		for n := 1; n <= filmed; n += 5 { // within patience each
			d.until(fmt.Sprintf(`took["seen-painted"]?.length >= %d && took.commit.length >= %[1]d`, n))
		}
		for _, p := range parts {
			ms[p.name] = append(ms[p.name], eval[[]float64](d, `took["`+p.measured+`"]`)...)
		}
	}
	for _, p := range parts {
		all := ms[p.name]
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], p.name+"-p50-ms")
		b.ReportMetric(all[len(all)*95/100], p.name+"-p95-ms")
	}
	b.ReportMetric(float64(len(ms["all"])), "codes")
	b.ReportMetric(0, "ns/op") // the film's length
}

// filmed is how many tickets of a film are waited for. It has some more: a slow
// machine may meet it in its middle.
const filmed = tickets - 4

func filmOfAll(b *testing.B) func(*gatetest.Venue) []browser.Scene {
	return func(v *gatetest.Venue) (film []browser.Scene) {
		for n := 1; n <= tickets; n++ {
			film = append(film, browser.Scene{Frames: 3}, browser.Scene{Picture: inSight(b, v.Code(b, ticketID(n), 0)), Frames: 8})
		}
		return film
	}
}
