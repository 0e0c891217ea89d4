package sqldb

// Writers is how many connections the writer has open.
func Writers(db *DB) int { return db.file.writer.pool.Stats().OpenConnections }

// Kept is how many statements the writer keeps prepared.
func Kept(db *DB) int { return len(db.file.writer.kept) }

// Notices gives a channel that gets the notices of db's own commits.
func Notices(db *DB) (own <-chan struct{}, cancel func()) {
	c := db.notices.add()
	return c, func() { db.notices.remove(c) }
}

// What tests need of the limits.
const (
	MaxTries    = maxTries
	MaxKept     = maxKept
	LongText    = longText
	MaxRows     = maxRows
	EnoughPages = enoughPages
	MaxWaiting  = maxWaiting
)
