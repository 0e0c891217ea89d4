// Package shop tests what buyers see with a real browser: a server over a database
// of its own, the demo's event, and Chromium. One browser and one server serve all
// of the package's tests.
package shop
