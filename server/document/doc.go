// Package document draws what people hold in their hands: tickets and
// enrolment cards, as PDF, PNG, SVG and plain text.
//
// # What it promises
//
// Every form of a ticket carries the same code, and the code reads back to the
// exact text it was made from: print and page, A4 and A6, picture and terminal.
// Codes for paper are drawn with error correction Q, codes for screens with M
// (FORMAT.md section 1), always inside a quiet zone of four modules
// (ISO/IEC 18004:2015, section 6.3.8).
//
// Names come from guest lists, so they are long, empty, accented, in any script
// and sometimes hostile. Drawing never fails because of one: control and
// direction-override characters are dropped, what is too long is set smaller,
// then wrapped, then cut with an ellipsis, and a character the embedded fonts
// lack is drawn as its closest covered letter or as a visible box.
//
// The same input gives the same bytes. Nothing here reads the clock: the
// creation date of a PDF is passed in.
//
// # What it does not do
//
// It knows nothing of keys, orders or events: whoever calls it has formatted
// the times and signed the token. The encoder of QR codes sits behind [QR] and
// the PDF library behind [Book], each in one file, so that either can be
// replaced without touching a layout.
package document
