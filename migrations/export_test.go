package migrations

// UpFrom is Up with other files than the binary's.
var UpFrom = up
