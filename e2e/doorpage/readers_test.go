package doorpage

import (
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/gate/scan"
)

// decoder gives pictures to the page's own decoder, the worker that reads the camera's
// frames. hold gets one ready, and read has it read, the same one again and again.
const decoder = `
	globalThis.decoder = new Worker("/decode.js", { type: "module" });
	const said = () => new Promise((done) => { decoder.onmessage = ({ data }) => done(data); });
	let picture = null;
	globalThis.hold = async (base64) => {
		const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
		picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
		return true;
	};
	globalThis.read = async () => {
		const frame = await createImageBitmap(picture), answer = said(), began = performance.now();
		decoder.postMessage({ number: 1, frame }, [frame]);
		const { texts, failed } = await answer;
		return { Texts: texts || [], Failed: failed || "", MS: performance.now() - began };
	};
	said().then(({ ready }) => { globalThis.decodes = ready; })`

// hard is a picture, and what it says.
type hard struct {
	grey *image.Gray
	file string // its PNG in base64
	text string
}

// BenchmarkReaders has the page's decoder and the agent's reader of frames read the
// hard pictures of gate/scan, each once: how many of a kind they read, and how long a
// picture took.
func BenchmarkReaders(b *testing.B) {
	dir := b.TempDir()
	out, err := exec.Command("go", "test", "-count=1", "../../gate/scan", "-run", "^TestHardPictures$", "-draw", dir).CombinedOutput()
	if err != nil {
		b.Fatalf("drawing the pictures: %v\n%s", err, out)
	}
	kinds, err := os.ReadDir(dir)
	if err != nil || len(kinds) == 0 {
		b.Fatalf("%d kinds: %v", len(kinds), err)
	}
	d := open(b, setup{})
	d.do(decoder)
	d.until(`globalThis.decodes`)
	for _, kind := range kinds {
		pictures := hardOf(b, filepath.Join(dir, kind.Name()))
		b.Run(kind.Name(), func(b *testing.B) {
			for b.Loop() {
				readAll(b, d.in(b), pictures)
			}
		})
	}
}

func readAll(b *testing.B, d *door, pictures []hard) {
	var page, agent, wrong int
	var pageMS, agentMS float64
	for _, p := range pictures {
		eval[bool](d, fmt.Sprintf("hold(%q)", p.file))
		got := eval[struct {
			Texts  []string
			Failed string
			MS     float64
		}](d, "read()")
		pageMS += got.MS
		switch {
		case got.Failed != "":
			b.Fatal(got.Failed)
		case len(got.Texts) == 1 && got.Texts[0] == p.text:
			page++
		case len(got.Texts) > 0:
			wrong++
		}
		began := time.Now()
		text, err := scan.Frame(p.grey.Pix, p.grey.Rect.Dx(), p.grey.Rect.Dy())
		agentMS += float64(time.Since(began).Microseconds()) / 1000
		switch {
		case err == nil && text == p.text:
			agent++
		case err == nil:
			wrong++
		case !errors.Is(err, scan.ErrNoCode):
			b.Fatal(err)
		}
	}
	n := float64(len(pictures))
	for name, value := range map[string]float64{
		"page": float64(page), "agent": float64(agent), "wrong": float64(wrong), "of": n, "page-ms": pageMS / n, "agent-ms": agentMS / n, "ns/op": 0,
	} {
		b.ReportMetric(value, name)
	}
}

// hardOf reads the pictures in a folder.
func hardOf(b *testing.B, folder string) (all []hard) {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.png"))
	if err != nil || len(files) == 0 {
		b.Fatalf("%s: %v %v", folder, files, err)
	}
	for _, name := range files {
		file, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		text, err := os.ReadFile(strings.TrimSuffix(name, ".png") + ".txt")
		if err != nil {
			b.Fatal(err)
		}
		img, err := png.Decode(strings.NewReader(string(file)))
		if err != nil {
			b.Fatal(err)
		}
		grey := image.NewGray(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
		draw.Draw(grey, grey.Rect, img, img.Bounds().Min, draw.Src)
		all = append(all, hard{grey, base64.StdEncoding.EncodeToString(file), string(text)})
	}
	return all
}
