package server

// NewHTTP gives tests what Serve answers the network with.
var NewHTTP = newHTTP
