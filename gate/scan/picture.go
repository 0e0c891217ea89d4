package scan

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif"  // formats that Picture reads
	_ "image/jpeg" //
	_ "image/png"  //
	"io"

	_ "golang.org/x/image/bmp"  //
	_ "golang.org/x/image/webp" //

	"usher/sync/fault"
)

// The limits of a picture.
const (
	// MaxFile is the largest picture file, in bytes: 20 MiB.
	MaxFile = 20 << 20

	// MaxPixels is the largest picture, in pixels: what the largest phone
	// cameras save, and an A4 page scanned at 600 dpi.
	MaxPixels = 50_000_000

	// maxDecoded is the most memory, in bytes, that a decoded picture may take:
	// MaxPixels in eight bits a colour, half as many in sixteen.
	maxDecoded = 4 * MaxPixels
)

// ErrNoCode is what errors.Is finds in the error for a picture or frame in which
// there is no code that can be read. Such an error is also a fault.NotFound.
var ErrNoCode = errors.New("no QR code found")

// NoCodeError is ErrNoCode with what was looked at.
type NoCodeError struct {
	Width, Height int // of the picture, in pixels
}

// Error says what was looked at.
func (e *NoCodeError) Error() string {
	return fmt.Sprintf("no QR code found in a picture of %d × %d pixels", e.Width, e.Height)
}

// Is makes the error an ErrNoCode.
func (e *NoCodeError) Is(target error) bool { return target == ErrNoCode }

// Unwrap makes the error a fault.NotFound with the same message.
func (e *NoCodeError) Unwrap() error { return fault.New(fault.NotFound, "%s", e.Error()) }

// Picture reads a picture file, PNG, JPEG, GIF (its first frame), WebP or BMP, and
// gives the text of each code in it, in reading order, each text once. A file over
// MaxFile bytes or MaxPixels is refused before it is decoded (fault.TooLarge), as
// is what is no picture or a damaged one (fault.BadInput); a picture without a
// readable code is ErrNoCode. A picture in which there is none takes longest: a
// second or two for a scanned page, up to six for the largest.
func Picture(r io.Reader) ([]string, error) {
	file, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	if len(file) > MaxFile {
		return nil, fault.New(fault.TooLarge, "the picture file is larger than %d MiB", MaxFile>>20)
	}
	img, err := decodeFile(file)
	if err != nil {
		return nil, err
	}
	return ReadImage(img)
}

// decodeFile decodes a file whose header states an acceptable size.
func decodeFile(file []byte) (img image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			img, err = nil, fault.Wrap(fault.BadInput, fmt.Errorf("decoder: %v", p), "the picture is damaged")
		}
	}()
	config, format, err := image.DecodeConfig(bytes.NewReader(file))
	if errors.Is(err, image.ErrFormat) {
		return nil, fault.New(fault.BadInput, "this is no picture: want PNG, JPEG, GIF, WebP or BMP")
	}
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "the picture is damaged: its header can't be read")
	}
	if err := checkSize(config.Width, config.Height, depth(config.ColorModel)); err != nil {
		return nil, err
	}
	img, _, err = image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, fault.Wrap(fault.BadInput, err, "the %s picture of %d × %d pixels is damaged", format, config.Width, config.Height)
	}
	return img, nil
}

// checkSize refuses a picture that would take too much memory or time.
func checkSize(width, height, depth int) error {
	if width <= 0 || height <= 0 {
		return fault.New(fault.BadInput, "the picture has no pixels: %d × %d", width, height)
	}
	// Divided, because a product of hostile numbers overflows.
	if width > MaxPixels/height || width > maxDecoded/depth/height {
		return fault.New(fault.TooLarge, "the picture has %d × %d pixels; at most %d million are read, half of that with 16 bits a colour",
			width, height, MaxPixels/1_000_000)
	}
	return nil
}

// depth is the most bytes a pixel takes once decoded.
func depth(model color.Model) int {
	switch model {
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	default:
		return 4
	}
}

// ReadImage is Picture for a picture that is decoded already.
func ReadImage(img image.Image) (found []string, err error) {
	bounds := img.Bounds()
	if err := checkSize(bounds.Dx(), bounds.Dy(), 1); err != nil {
		return nil, err
	}
	defer recovered(&found, &err)
	if found = readPlane(greyOf(img)); len(found) == 0 {
		return nil, &NoCodeError{Width: bounds.Dx(), Height: bounds.Dy()}
	}
	return found, nil
}

// recovered turns a panic of the library that decodes into an error. It never
// happened on a thousand noisy pictures; it must not stop a gate when it does.
func recovered(found *[]string, err *error) {
	if p := recover(); p != nil {
		*found = nil
		*err = fault.Wrap(fault.Internal, fmt.Errorf("decoder: %v", p), "the picture could not be read")
	}
}
