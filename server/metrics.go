package server

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the numbers of this process among those on its database. exchanges counts
// the sessions with devices that it holds.
func (s *Server) metrics(exchanges func() int) []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "usher_" + name, Help: help}, value)
	}
	list := []prometheus.Collector{
		gauge("ready", "1 while this server can do its work: it has its database and its keys.", func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
			defer cancel()
			return yes(s.ready(ctx) == nil)
		}),
		gauge("draining", "1 while this server asks that others take over.", func() float64 { return yes(s.drain.on()) }),
		gauge("exchanges", "Sessions of devices with this server.", func() float64 { return float64(exchanges()) }),
	}
	if s.bus != nil {
		list = append(list, gauge("redis_up", "1 while word between servers goes by Redis.", func() float64 { return yes(s.bus.State() == nil) }))
	}
	return list
}

func yes(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
