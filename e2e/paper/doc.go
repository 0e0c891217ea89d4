// Package paper tests what a gate reads of printed tickets: pages of the server's, as
// a cheap printer puts them on paper, before the reader of pictures that gates use. It
// is for tests only.
package paper
