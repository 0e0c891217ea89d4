package scan

import (
	"errors"
	"image"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	qrencode "github.com/skip2/go-qrcode"
)

// family is a kind of difficulty, from bearable to what nobody can read.
type family struct {
	name string
	make func(hardness float64, r *rand.Rand) scene
}

// families are the difficulties, each rising with hardness from 0 to 1.
func families() []family {
	return []family{
		{"turned", func(h float64, r *rand.Rand) scene {
			return scene{module: 4 - 2.6*h, turn: r.Float64() * 360, noise: 15 * h}
		}},
		{"blurred", func(h float64, r *rand.Rand) scene {
			return scene{module: 6, turn: r.Float64()*20 - 10, blur: 1 + 4*h, noise: 3}
		}},
		{"shaken", func(h float64, r *rand.Rand) scene {
			return scene{module: 6, turn: r.Float64()*20 - 10, shake: 3 + 8*h, noise: 3}
		}},
		{"noisy", func(h float64, r *rand.Rand) scene {
			return scene{module: 5, turn: r.Float64()*20 - 10, noise: 30 + 110*h, blur: 0.5}
		}},
		{"speckled", func(h float64, r *rand.Rand) scene {
			return scene{module: 5, turn: r.Float64()*20 - 10, speckle: 0.03 + 0.25*h}
		}},
		{"pale", func(h float64, r *rand.Rand) scene {
			return scene{module: 5, turn: r.Float64()*20 - 10, dark: 150, light: 150 + 70 - 60*h, noise: 3, falloff: 0.2}
		}},
		{"leaning", func(h float64, r *rand.Rand) scene {
			return scene{module: 7, turn: r.Float64() * 360, lean: 0.04 + 0.14*h, noise: 5, margin: 14}
		}},
		{"curled", func(h float64, r *rand.Rand) scene {
			return scene{module: 7, turn: r.Float64()*20 - 10, curl: 0.01 + 0.06*h, noise: 5, margin: 14}
		}},
		{"inverted", func(h float64, r *rand.Rand) scene {
			return scene{module: 6 - 3*h, turn: r.Float64()*40 - 20, inverted: true, noise: 5 + 20*h, blur: 0.5 + h, margin: 12}
		}},
		{"small", func(h float64, r *rand.Rand) scene {
			return scene{module: 2.4 - 1.3*h, turn: r.Float64()*20 - 10, noise: 3}
		}},
		{"jpeg", func(h float64, r *rand.Rand) scene {
			return scene{module: 3.5 - 1.5*h, turn: r.Float64()*20 - 10, jpeg: 30 - int(27*h), noise: 6}
		}},
		{"resized", func(h float64, r *rand.Rand) scene {
			return scene{module: 4, turn: r.Float64()*20 - 10, resized: 0.55 - 0.3*h, jpeg: 50}
		}},
		{"shaded", func(h float64, r *rand.Rand) scene {
			return scene{module: 5, turn: r.Float64() * 360, shadow: 0.4 + 0.45*h, falloff: 0.3 + 0.5*h, noise: 4, blur: 0.7}
		}},
		{"dirty", func(h float64, r *rand.Rand) scene {
			return scene{module: 5, turn: r.Float64() * 40, dirt: 0.15 + 0.45*h, noise: 5, clutter: 40, margin: 16}
		}},
		{"crowded", func(h float64, r *rand.Rand) scene {
			return scene{module: 4, turn: r.Float64()*10 - 5, clutter: 100 + int(500*h), margin: 30, noise: 5, quietNone: h > 0.5}
		}},
		{"phone", func(h float64, r *rand.Rand) scene {
			return scene{module: 5 - 2*h, turn: r.Float64()*60 - 30, lean: 0.02 + 0.06*h, blur: 0.5 + 1.2*h, noise: 5 + 25*h,
				dark: 40, light: 230 - 60*h, falloff: 0.2 + 0.4*h, jpeg: 80 - int(50*h), clutter: 60, margin: 16,
				inverted: r.IntN(4) == 0}
		}},
	}
}

// hardPictures are n scenes a family, always the same.
func hardPictures(n int) map[string][]scene {
	all := map[string][]scene{}
	for f, family := range families() {
		for i := range n {
			random := rand.New(rand.NewPCG(uint64(f), uint64(i)))
			s := family.make((float64(i)+0.5)/float64(n), random)
			s.text = hardToken([]int{148, 182, 216, 325, 391}[random.IntN(5)], random.Uint64())
			s.level = []qrencode.RecoveryLevel{qrencode.Medium, qrencode.High}[random.IntN(2)]
			if len(s.text) > 300 {
				s.level = qrencode.Medium
			}
			s.seed = random.Uint64()
			all[family.name] = append(all[family.name], s)
		}
	}
	return all
}

// bare is what the library's own reader makes of a picture, the measure of ours.
func bare(img image.Image) string {
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return ""
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		return ""
	}
	return result.GetText()
}

// count is how many pictures of a family each of the two readers read.
type count struct{ ours, bare int }

// readFamily reads a family's pictures. Reading something else than the code says
// is never right.
func readFamily(t *testing.T, scenes []scene) (n count) {
	for _, s := range scenes {
		img := s.shoot()
		got, err := ReadImage(img)
		switch {
		case err == nil && slices.Equal(got, []string{s.text}):
			n.ours++
		case err == nil:
			t.Errorf("%+v: read %q", s, got)
		case !errors.Is(err, ErrNoCode):
			t.Errorf("%+v: %v", s, err)
		}
		if bare(img) == s.text {
			n.bare++
		}
	}
	return n
}

// Measured: 300 of 320, the library's own reader 145. The floors leave room for
// another version of the library, not for a step back of ours.
func TestHardPictures(t *testing.T) {
	const floor, times = 0.89, 1.8
	all := hardPictures(each)
	if *folder != "" {
		drawInto(t, *folder, all)
	}
	counts := make([]count, len(families()))
	var lanes sync.WaitGroup
	for i, family := range families() {
		lanes.Go(func() { counts[i] = readFamily(t, all[family.name]) })
	}
	lanes.Wait()
	var sum count
	for i, family := range families() {
		n := counts[i]
		t.Logf("%-9s %2d of %d, the library's own reader %2d", family.name, n.ours, each, n.bare)
		sum.ours, sum.bare = sum.ours+n.ours, sum.bare+n.bare
		if n.ours < each/2 {
			t.Errorf("%s: read %d of %d, want half at least", family.name, n.ours, each)
		}
	}
	t.Logf("all       %d of %d, the library's own reader %d", sum.ours, each*len(counts), sum.bare)
	if got := float64(sum.ours); got < floor*float64(each*len(counts)) || got < times*float64(sum.bare) {
		t.Errorf("read %d of %d, the library's own reader %d", sum.ours, each*len(counts), sum.bare)
	}
}
