// Package secrets plays a whole day of a server and its gates and then looks for
// what must be nowhere: keys, codes and people's names in logs, in answers that
// anybody may ask for, in QR codes, in files that travel, and on devices whose role
// does not need them. It has tests only.
package secrets
