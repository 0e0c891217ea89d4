package newcomer

import "fmt"

// door is a page of one of the demo's doors.
type door struct{ *person }

// noted keeps the last verdict of a page: a green goes by itself, and a busy machine may
// not look in time.
const noted = `globalThis.last = "";
	addEventListener("DOMContentLoaded", () => {
		const box = document.getElementById("verdict");
		new MutationObserver(() => {
			const tone = box.className.match(/tone-(\w+)/)?.[1];
			if (tone) last = tone + " " + document.getElementById("word").textContent;
		}).observe(box, { attributeFilter: ["class"] });
	});`

// door opens the page of a door.
func (s *story) door(name string) *door {
	s.t.Helper()
	d := &door{s.person(nil)}
	d.must(d.Before(noted))
	d.must(d.Go(s.place.Doors[name]))
	d.until(`document.getElementById("link").dataset.state === "online"`)
	return d
}

// picture chooses a picture at the door's page.
func (d *door) picture(shot screenshot) {
	d.t.Helper()
	d.says("Picture")
	eval[string](d.person, `last = ""`)
	d.must(d.Upload("#picture", shot.file))
	d.pressed["Picture"] = true
}

// shows waits for a verdict, by its colour and its word.
func (d *door) shows(tone, word string) {
	d.t.Helper()
	d.until(fmt.Sprintf(`last === %q`, tone+" "+word))
}
