package sqldb

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// access is SQLite's open mode (https://www.sqlite.org/uri.html).
type access string

const (
	read  access = "ro"
	write access = "rw"
)

const (
	// autoCheckpoint is after how many pages in the log a commit moves them into
	// the file itself, should we not have come to it. 16 MiB.
	autoCheckpoint = 4096
	// logLimit is what the log file is cut to when it starts over, in bytes.
	logLimit = 64 << 20
	// writerCache and readerCache bound what a connection keeps in memory of the
	// file, in KiB.
	writerCache = 8 << 10
	readerCache = 4 << 10
)

// dsn writes the address of a database file for the driver. The driver takes the
// underscored keys, SQLite itself the rest; the keys and their order of effect
// are in the driver's documentation (modernc.org/sqlite, Driver.Open).
func dsn(path string, how access, opt Options) string {
	busy, sync := opt.BusyTimeout, opt.Synchronous
	if busy <= 0 {
		busy = DefaultBusyTimeout
	}
	if sync == "" {
		sync = Full
	}
	q := url.Values{
		"mode":          {string(how)},
		"_busy_timeout": {strconv.FormatInt(max(1, int64(busy/time.Millisecond)), 10)},
		"_foreign_keys": {"on"},
		"_dqs":          {"0"}, // "text" is a name; without this a misspelt one is a string
		"_error_rc":     {"1"}, // no message that belongs to another error
	}
	cache := readerCache
	if how == write {
		cache = writerCache
		q.Set("_txlock", "immediate")
		q.Set("_journal_mode", "WAL")
		q.Set("_synchronous", string(sync))
		q.Add("_pragma", fmt.Sprintf("wal_autocheckpoint(%d)", autoCheckpoint))
		q.Add("_pragma", fmt.Sprintf("journal_size_limit(%d)", logLimit))
	}
	q.Add("_pragma", fmt.Sprintf("cache_size(-%d)", cache))
	return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}
