package sqldb

import (
	"errors"

	"modernc.org/sqlite"
	code "modernc.org/sqlite/lib"
)

// primary is the mask of SQLite's primary result code within an extended one.
const primary = 0xff

// codeOf gives SQLite's extended result code of err, 0 when it has none.
func codeOf(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// IsBusy reports that another transaction or process held what was needed: for
// longer than the busy timeout, or in a way that the database ends by failing one
// of the two. The same may succeed later.
func IsBusy(err error) bool {
	switch stateOf(err) {
	case serializationFailure, deadlockDetected, lockNotAvailable:
		return true
	}
	return codeOf(err)&primary == code.SQLITE_BUSY
}

// IsUnique reports that a row with this key is there already.
func IsUnique(err error) bool {
	if stateOf(err) == uniqueViolation {
		return true
	}
	switch codeOf(err) {
	case code.SQLITE_CONSTRAINT_UNIQUE, code.SQLITE_CONSTRAINT_PRIMARYKEY, code.SQLITE_CONSTRAINT_ROWID:
		return true
	}
	return false
}

// IsNull reports that a column that needs a value was to get none: by a statement
// that says so when what it was written for is no longer so, as in
//
//	update thing set rev = case when rev = $2 then rev + 1 end where id = $1
func IsNull(err error) bool {
	return stateOf(err) == notNullViolation || codeOf(err) == code.SQLITE_CONSTRAINT_NOTNULL
}

// IsFull reports that the disk is full, fails, or may not be written to.
func IsFull(err error) bool {
	switch stateOf(err) {
	case diskFull, ioError, readOnly:
		return true
	}
	switch codeOf(err) & primary {
	case code.SQLITE_FULL, code.SQLITE_IOERR, code.SQLITE_READONLY:
		return true
	}
	return false
}

// IsCorrupt reports that the file is damaged, or no database at all.
func IsCorrupt(err error) bool {
	switch stateOf(err) {
	case dataCorrupted, indexCorrupted:
		return true
	}
	switch codeOf(err) & primary {
	case code.SQLITE_CORRUPT, code.SQLITE_NOTADB:
		return true
	}
	return false
}
