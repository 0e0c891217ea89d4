package link

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"usher/sync/exchange"
	"usher/sync/fault"
	"usher/sync/journal"
)

// magic begins every journal file, with the version of the format.
const magic = "USHERJ1\n"

// sectionKind numbers what a file is made of: a header, checkpoints, batches,
// the end.
type sectionKind byte

const (
	sectionHeader      sectionKind = 1
	sectionCheckpoints sectionKind = 2
	sectionBatch       sectionKind = 3
	sectionEnd         sectionKind = 4
)

const (
	headSize  = 1 + 4 // kind, length
	checkSize = 8     // the first bytes of the SHA-256 of all of the file before
	// maxSection bounds the body of a section, as it bounds a message.
	maxSection = exchange.MaxMessage
)

// sectionWriter writes sections: kind, length, body, check. The checks run over
// the whole file before them, so the first bad one tells where it was altered.
type sectionWriter struct {
	w   *bufio.Writer
	sum hash.Hash
}

func newSectionWriter(w io.Writer) (*sectionWriter, error) {
	s := &sectionWriter{w: bufio.NewWriter(w), sum: sha256.New()}
	return s, s.put([]byte(magic))
}

func (s *sectionWriter) put(b []byte) error {
	s.sum.Write(b)
	_, err := s.w.Write(b)
	return err
}

func (s *sectionWriter) section(kind sectionKind, content any) error {
	body, err := journal.Encode(content)
	if err != nil {
		return fmt.Errorf("encoding a section of a journal file: %w", err)
	}
	if len(body) > maxSection {
		return fmt.Errorf("a section of %d bytes is over the limit of %d", len(body), maxSection)
	}
	head := binary.BigEndian.AppendUint32([]byte{byte(kind)}, uint32(len(body)))
	for _, b := range [][]byte{head, body} {
		if err := s.put(b); err != nil {
			return err
		}
	}
	return s.put(s.sum.Sum(nil)[:checkSize])
}

// sectionReader reads what a sectionWriter wrote.
type sectionReader struct {
	r      *bufio.Reader
	sum    hash.Hash
	offset int64
}

func newSectionReader(r io.Reader) (*sectionReader, error) {
	s := &sectionReader{r: bufio.NewReader(r), sum: sha256.New()}
	begin, err := s.take(len(magic))
	if err != nil && !errors.Is(err, fault.BadInput) {
		return nil, err
	}
	if string(begin) != magic {
		return nil, fault.At(fault.BadInput, "offset 0", "this is no journal file")
	}
	return s, nil
}

// take reads n bytes, which n bounds only as far as they are there.
func (s *sectionReader) take(n int) ([]byte, error) {
	var buf bytes.Buffer
	got, err := io.CopyN(&buf, s.r, int64(n))
	s.offset += got
	s.sum.Write(buf.Bytes())
	switch {
	case errors.Is(err, io.EOF):
		return nil, s.blame(s.offset, "the file ends here, cut short")
	case err != nil:
		return nil, fmt.Errorf("reading a journal file at offset %d: %w", s.offset, err)
	}
	return buf.Bytes(), nil
}

func (s *sectionReader) blame(offset int64, format string, args ...any) error {
	return fault.At(fault.BadInput, fmt.Sprintf("offset %d", offset), format, args...)
}

// section is one section as it was read, and where it begins.
type section struct {
	kind   sectionKind
	body   []byte
	offset int64
}

func (s *sectionReader) next() (section, error) {
	at := section{offset: s.offset}
	head, err := s.take(headSize)
	if err != nil {
		return at, err
	}
	at.kind = sectionKind(head[0])
	length := binary.BigEndian.Uint32(head[1:])
	if at.kind < sectionHeader || at.kind > sectionEnd || length > maxSection {
		return at, s.blame(at.offset, "the file was altered: no section begins like this")
	}
	if at.body, err = s.take(int(length)); err != nil {
		return at, err
	}
	want := s.sum.Sum(nil)[:checkSize]
	check, err := s.take(checkSize)
	if err != nil {
		return at, err
	}
	if !bytes.Equal(check, want) {
		return at, s.blame(at.offset, "the file was altered, here or in the %d bytes that follow", headSize+len(at.body)+checkSize)
	}
	return at, nil
}

// decode reads the body in its one encoding.
func (at section) decode(content any) error {
	if err := journal.Decode(at.body, content); err != nil {
		return fault.Wrap(fault.BadInput, err, "offset %d: the section can't be read", at.offset)
	}
	return nil
}
