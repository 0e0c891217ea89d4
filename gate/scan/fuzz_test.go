package scan

import (
	"bytes"
	"image"
	"testing"
)

// FuzzPicture feeds the reader damaged files. Whatever they hold, there are texts
// or an error, never both and never neither.
func FuzzPicture(f *testing.F) {
	f.Fuzz(func(t *testing.T, file []byte) {
		config, _, err := image.DecodeConfig(bytes.NewReader(file))
		if err == nil && config.Width*config.Height > 100_000 {
			return // allowed, and too slow to be worth fuzzing
		}
		if got, err := Picture(bytes.NewReader(file)); (err == nil) == (len(got) == 0) {
			t.Fatalf("%d texts and %v", len(got), err)
		}
	})
}

// FuzzFrame feeds the reader any pixels.
func FuzzFrame(f *testing.F) {
	const most = 64 * 64
	f.Fuzz(func(t *testing.T, pixels []byte, width uint8) {
		pixels = pixels[:min(len(pixels), most)]
		height := len(pixels) / max(1, int(width))
		got, err := Frame(pixels[:min(len(pixels), int(width)*height)], int(width), height)
		if (err == nil) == (got == "") {
			t.Fatalf("text %q and %v", got, err)
		}
	})
}
