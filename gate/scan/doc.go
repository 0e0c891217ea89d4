// Package scan turns what a gate's inputs deliver into the text of codes: picture
// files, camera frames, the keystrokes of a hand-held reader, typed codes, and
// lines of a stream.
//
// # What it promises
//
// A text it gives is exactly the text in the code, or a stream's line without
// the noise readers add; it judges no signature and no state. Every input has
// stated limits, which are checked before memory is spent, and every refusal says
// what was refused and why. Nothing a picture holds can make it panic: the
// library that decodes is called behind a recover.
//
// # How pictures are read
//
// The gozxing library supplies the checks of finder patterns, two of the
// binarizers and the decoder with its error correction. Its own reader gives up
// early, so what lies between is done here:
//
//   - a picture is looked at at several scales, upright and inverted (it never
//     reads light ink on dark), plain, smoothed, despeckled and sharpened, each by
//     several binarizers, the cheapest first ([Picture]; frames get the first
//     looks only);
//   - the finder patterns that all those looks found are combined to codes, so
//     that print around a code doesn't hide it and one picture may hold several;
//   - a grid is fitted to the patterns that every code has, with perspective, and
//     bent where the paper is;
//   - modules are measured over their area and judged against their
//     surroundings, and blur is taken out by estimating from the code itself how
//     far each module shines into the next.
//
// On the hard pictures of this package's tests that reads nine in ten where the
// library's reader reads half (TestHardPictures prints both).
package scan
