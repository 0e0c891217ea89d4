package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"usher/server/doors"
)

// collectTimeout bounds the reading of one event's numbers.
const collectTimeout = 3 * time.Second

// board gives metrics the numbers of the live page, read when they are asked for.
type board struct {
	doors  *doors.Doors
	events func(context.Context) ([]string, error)
	log    *slog.Logger

	scans, inside, devices, linked, behind, conflicts *prometheus.Desc
}

// Metrics answers with the numbers of every event, of the process and of the Go
// runtime, and with more of those. events lists the codes of the events.
func Metrics(d *doors.Doors, events func(context.Context) ([]string, error), log *slog.Logger, more ...prometheus.Collector) http.Handler {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("usher_"+name, help, append([]string{"event"}, labels...), nil)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &board{
		doors: d, events: events, log: log,
		scans:     desc("scans", "Scans by gate and what came of them.", "gate", "outcome"),
		inside:    desc("inside", "People inside, by zone.", "zone"),
		devices:   desc("devices", "Enrolled devices that were not expelled."),
		linked:    desc("devices_linked", "Devices that talk to a server now."),
		behind:    desc("devices_behind", "Devices not known to hold the newest server record."),
		conflicts: desc("conflicts_open", "Tickets let in more often than they should, not dealt with yet."),
	})
	registry.MustRegister(more...)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

// Describe implements prometheus.Collector.
func (b *board) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{b.scans, b.inside, b.devices, b.linked, b.behind, b.conflicts} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (b *board) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	events, err := b.events(ctx)
	if err != nil {
		b.log.Error("listing events for metrics failed", "error", err)
		return
	}
	for _, event := range events {
		if err := b.collect(ctx, event, to); err != nil {
			b.log.Error("reading an event's numbers for metrics failed", "event", event, "error", err)
		}
	}
}

func (b *board) collect(ctx context.Context, event string, to chan<- prometheus.Metric) error {
	now, err := b.doors.Board(ctx, event)
	if err != nil {
		return err
	}
	gauge := func(d *prometheus.Desc, value int, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value), append([]string{event}, labels...)...)
	}
	for _, g := range now.Gates {
		gauge(b.scans, g.Entries, g.Code, "entry")
		gauge(b.scans, g.Exits, g.Code, "exit")
		gauge(b.scans, g.Rejected, g.Code, "rejected")
	}
	for _, z := range now.Zones {
		gauge(b.inside, z.Inside, z.Code)
	}
	linked, behind := 0, 0
	for _, dev := range now.Devices {
		if dev.Expelled {
			continue
		}
		if dev.Linked {
			linked++
		}
		if dev.Behind > 0 {
			behind++
		}
	}
	gauge(b.devices, now.Spread.Active)
	gauge(b.linked, linked)
	gauge(b.behind, behind)
	gauge(b.conflicts, now.Open)
	return nil
}
