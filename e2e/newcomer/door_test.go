package newcomer

import "fmt"

// door is a page of one of the demo's doors.
type door struct{ *person }

// door opens the page of a door.
func (s *story) door(name string) *door {
	s.t.Helper()
	d := &door{s.person(nil)}
	d.must(d.Go(s.place.Doors[name]))
	d.until(`document.getElementById("link").dataset.state === "online"`)
	return d
}

// picture chooses a picture at the door's page.
func (d *door) picture(shot screenshot) {
	d.t.Helper()
	d.says("Picture")
	d.must(d.Upload("#picture", shot.file))
	d.pressed["Picture"] = true
}

// shows waits for a verdict, by its colour and its word.
func (d *door) shows(tone, word string) {
	d.t.Helper()
	d.until(fmt.Sprintf(`document.getElementById("verdict").classList.contains("tone-%s") && document.getElementById("word").textContent === %q`, tone, word))
}
