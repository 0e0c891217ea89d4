package sqldb

import (
	"net"
	"syscall"
	"testing"
	"time"
)

// What is sent to a PostgreSQL whose machine is gone fails within seconds.
func TestConnectionsArePatientForSeconds(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	config, err := poolConfig("postgres://usher@db.example/usher", Options{})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := config.ConnConfig.DialFunc(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var is int
	if err := raw.Control(func(fd uintptr) { is, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout) }); err != nil {
		t.Fatal(err)
	}
	if err != nil || time.Duration(is)*time.Millisecond != silentFor {
		t.Errorf("it waits %d ms, %v; want %v", is, err, silentFor)
	}
}
