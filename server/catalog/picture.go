package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // what a picture may be
	_ "image/png"
	"io"
	"io/fs"

	_ "golang.org/x/image/webp"

	"usher/migrations/sqldb"
	"usher/sync/fault"
)

// Limits of a picture. A page shows it at most 1280 pixels wide, and phones load
// it over bad networks.
const (
	maxPicture     = 2 << 20 // bytes
	minPictureSide = 200     // pixels
	maxPictureSide = 4096
)

// Image describes a picture that is kept. Its bytes are Catalog.Picture's.
type Image struct {
	Hash   string `json:"hash,omitempty"` // hexadecimal SHA-256 of the file
	Kind   string `json:"kind,omitempty"` // its media type
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
}

// pictureFile is a picture that an event file names.
type pictureFile struct {
	name  string
	where string // the place that names it
	bytes []byte // nil before ReadPicture
}

// pictureFile reads the name of the picture.
func (f *finder) pictureFile(t *shopTable) *pictureFile {
	if t.Picture == nil {
		return nil
	}
	name, at := *t.Picture, f.places.nearest("shop.picture")
	if !fs.ValidPath(name) || name == "." {
		f.blame("shop.picture", "shop.picture", "%.100q is no file beside the event file: want a name such as \"harbour.jpg\"", name)
	}
	if t.PictureText == "" {
		f.blame("shop.picture_text", "shop.picture_text", "say what the picture shows, for those who can't see it")
	}
	return &pictureFile{name: name, where: fmt.Sprintf("%s:%d:%d", f.file, at.line, at.column)}
}

// ReadPicture reads the picture that the file names from the folder that the file
// lies in, and checks it. A file that names none needs no call; one that does is
// refused by Apply without it.
func (s *Spec) ReadPicture(folder fs.FS) error {
	if s.picture == nil {
		return nil
	}
	bad := func(cause error, format string, args ...any) error {
		return &fault.Error{Kind: fault.BadInput, Where: s.picture.where, Cause: cause, Message: "shop.picture: " + fmt.Sprintf(format, args...)}
	}
	b, err := readAtMost(folder, s.picture.name, maxPicture)
	if err != nil {
		return bad(err, "%.100q can't be read", s.picture.name)
	}
	if len(b) > maxPicture {
		return bad(nil, "%.100q has more than %d KiB: make it smaller, 1600 pixels wide will do", s.picture.name, maxPicture>>10)
	}
	shape, kind, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return bad(err, "%.100q is no picture that browsers show: want JPEG, PNG or WebP", s.picture.name)
	}
	if least, most := min(shape.Width, shape.Height), max(shape.Width, shape.Height); least < minPictureSide || most > maxPictureSide {
		return bad(nil, "%.100q is %d × %d pixels, want each side from %d to %d", s.picture.name, shape.Width, shape.Height, minPictureSide, maxPictureSide)
	}
	if _, _, err := image.Decode(bytes.NewReader(b)); err != nil {
		return bad(err, "%.100q is damaged", s.picture.name)
	}
	sum := sha256.Sum256(b)
	s.picture.bytes = b
	s.Shop.Picture = Image{Hash: hex.EncodeToString(sum[:]), Kind: "image/" + kind, Width: shape.Width, Height: shape.Height}
	return nil
}

// readAtMost reads one byte more than most, if there are as many.
func readAtMost(folder fs.FS, name string, most int64) (b []byte, err error) {
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return io.ReadAll(io.LimitReader(file, most+1))
}

// keepPicture writes the picture of a spec, unless it is there.
func (c *Catalog) keepPicture(ctx context.Context, tx *sqldb.Tx, s *Spec) error {
	if s.picture == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, `insert into picture (hash, kind, bytes, created_at) values ($1, $2, $3, $4) on conflict do nothing`,
		s.Shop.Picture.Hash, s.Shop.Picture.Kind, s.picture.bytes, c.now().UnixMilli())
	if err != nil {
		return fmt.Errorf("keeping the picture of event %s: %w", s.Code, err)
	}
	return nil
}

// Picture gives a picture by its hash; fault.NotFound when there is none.
func (c *Catalog) Picture(ctx context.Context, hash string) (kind string, b []byte, err error) {
	row := c.db.Read().QueryRowContext(ctx, `select kind, bytes from picture where hash = $1`, hash)
	switch err := row.Scan(&kind, &b); {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil, fault.New(fault.NotFound, "no picture %.70q", hash)
	case err != nil:
		return "", nil, fmt.Errorf("reading a picture: %w", err)
	}
	return kind, b, nil
}
