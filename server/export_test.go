package server

import (
	"context"
	"net/http"

	"usher/server/payment/sandbox"
)

// NewHTTP gives tests what Serve answers the network with.
var NewHTTP = newHTTP

// Sandbox gives tests the payment sandbox, to catch its notices.
func (s *Server) Sandbox() *sandbox.Sandbox { return s.shop.sandbox }

// Routes gives tests the addresses that Handler answers at.
func (s *Server) Routes(ctx context.Context) (*http.ServeMux, func(), error) { return s.routes(ctx) }
