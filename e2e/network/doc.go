// Package network tests how gates and server fare on real networks: real agents and
// a real server, with a proxy between them that cuts, delays and lets hang, with
// strangers at the door, with backups put back and devices cloned. Its benchmarks
// measure how fast news spreads on a LAN.
package network
