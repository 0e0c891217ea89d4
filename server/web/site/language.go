package site

import (
	"net/http"
	"time"

	"usher/server/speech"
)

// Lang says things in one language; templates call its methods.
type Lang = speech.Lang

// Accepted gives the language that a browser asks for.
func Accepted(r *http.Request) Lang {
	return speech.In(r.Header.Get("Accept-Language"), time.UTC)
}
