package sqldb_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
)

// Sizes of the write-ahead log's parts, and of the pages in it
// (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
const (
	logHeader   = 32
	frameHeader = 24
	pageSize    = 4096
)

// logFrames counts the frames that are valid in the log of a database, and how
// many of them end a transaction: frames of an earlier round have other salts.
func logFrames(t *testing.T, path string) (frames, commits int) {
	t.Helper()
	log, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if len(log) < logHeader {
		return 0, 0
	}
	salts := log[16:24]
	for at := logHeader; at+frameHeader+pageSize <= len(log); at += frameHeader + pageSize {
		frame := log[at:]
		if !bytes.Equal(frame[8:16], salts) {
			break
		}
		frames++
		if size := binary.BigEndian.Uint32(frame[4:]); size != 0 { // of the database after the commit
			commits++
		}
	}
	return frames, commits
}

// copyOf copies a database's file without its log.
func copyOf(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := newPath(t)
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}
