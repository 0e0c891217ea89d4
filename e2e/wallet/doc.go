// Package wallet tests tickets on phones with a real browser: against the real server,
// whose network is cut, and a real gate's agent that judges the codes which the page
// makes. It is for tests only.
package wallet
