package server

import "usher/server/payment/sandbox"

// NewHTTP gives tests what Serve answers the network with.
var NewHTTP = newHTTP

// Sandbox gives tests the payment sandbox, to catch its notices.
func (s *Server) Sandbox() *sandbox.Sandbox { return s.shop.sandbox }
