package exchange

import (
	"time"

	"usher/sync/journal"
)

// Version is the version of the protocol that this build speaks. Another
// version is another subprotocol of the carrier (docs/sync.md).
const Version = 1

// Limits of what one session takes in. They bound what a peer, even one that
// lies, can make this node hold: about twice Window batches and one vector.
const (
	// MaxMessage bounds one message on the carrier, sealed, in bytes.
	MaxMessage = 1 << 20
	// MaxHello bounds one message before the other node has proved itself.
	MaxHello = 8 << 10
	// MaxBatchRecords bounds the records of one batch.
	MaxBatchRecords = 256
	// MaxBatchBytes is where a batch stops growing: it may go over by one record.
	MaxBatchBytes = 256 << 10
	// Window is how many batches may be on their way in one direction without
	// an answer.
	Window = 8
	// maxOwed is how many batches a node takes before it has answered the first;
	// then it hears nothing until it has. More than Window come where it says that
	// it holds what is in batches before it answers them: a window of those, and one
	// behind it.
	maxOwed = 2 * Window
	// MaxChains bounds the entries of a vector.
	MaxChains = 10_000
	// MaxCheckpoints bounds the checkpoints of one message.
	MaxCheckpoints = 1024
	// MaxDisputed bounds the forked records of one chain that are exchanged in
	// one session, newest first.
	MaxDisputed = 256
	// MaxClaims bounds the claims of one session that wait for their answer.
	MaxClaims = 256
	// MaxMarks bounds the records that one answer to a claim names.
	MaxMarks = 16
	// maxIntroduction bounds the record that introduces a node.
	maxIntroduction = 4 << 10
)

// Times of a session. They are measured by timers, not by Local.Now, so a
// clock that is set changes none of them.
const (
	// HandshakeTimeout is how long a peer may take to prove itself.
	HandshakeTimeout = 10 * time.Second
	// PingEvery is how often a node asks for a sign of life and measures time.
	PingEvery = 2 * time.Second
	// SilenceLimit is after how long without any message a connection counts as
	// dead, half-open ones included.
	SilenceLimit = 15 * time.Second
	// FarewellTimeout is how long a node that says good-bye, or why it hangs
	// up, waits for the words to go out.
	FarewellTimeout = 2 * time.Second
	// atOnce is the wait of a timer whose first turn comes now. It is not 0: such
	// a timer is run by whoever looks at it first, and two at once under a
	// simulated clock break the race detector (golang/go issue 78156).
	atOnce = time.Nanosecond
	// CheckpointEvery is how often a node signs how far its own journal goes.
	CheckpointEvery = 2 * time.Second
	// RetryFirst is how long a refused chain rests; each further refusal
	// doubles it up to RetryMost.
	RetryFirst = time.Second
	// RetryMost is the longest rest of a refused chain.
	RetryMost = 5 * time.Minute
	// RetryGone is the longest rest of one that was refused because something is gone
	// there for now, as a server's database.
	RetryGone = 15 * time.Second

	// MoveWithin is the time over which nodes that are asked to move spread out.
	MoveWithin = 2 * time.Second
	// maxMove bounds what a node may be given for it.
	maxMove = time.Minute

	// QuickEnough is the round trip of a line on which a claim that was not answered
	// in time is followed by another one.
	QuickEnough = 100 * time.Millisecond

	firstPings     = 5                      // pings at the start of a session,
	firstPingEvery = 100 * time.Millisecond // so that the offset is good soon
	gather         = 10 * time.Millisecond  // a burst of new records is announced once
	gatherRelay    = 250 * time.Millisecond // likewise of checkpoints
)

// Batches begin small and grow while they are acknowledged quickly, so that on
// a slow line acknowledgements don't queue behind data for long.
const (
	minBatchBytes   = 8 << 10
	firstBatchBytes = 32 << 10
	quickAnswer     = 500 * time.Millisecond
	slowAnswer      = 2 * time.Second
)

// A batch and its record too many fit into a message, with room to spare.
var _ = [1]struct{}{}[(MaxBatchBytes+journal.MaxRecordBytes+MaxBatchRecords*8)/MaxMessage]

// A proof with an introduction fits into what is read before it, with room to spare.
var _ = [1]struct{}{}[maxIntroduction/(MaxHello-1024)]

// A full vector fits into a message, with room to spare.
var _ = [1]struct{}{}[MaxChains*entrySize/(MaxMessage-1024)]
