package sqldb

import (
	"syscall"
	"time"
)

// tcpUserTimeout is the number of the option (linux/tcp.h), for which syscall has no name.
const tcpUserTimeout = 18

// silentFor is how long a server may leave what was sent to it unacknowledged. Without a
// bound Linux sends it again for a quarter of an hour.
const silentFor = 10 * time.Second

// patient has a connection end when the machine at its other end is gone without a word.
func patient(_, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(silentFor/time.Millisecond))
	})
	if err != nil {
		return err
	}
	return failed
}
