package post

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// collectTimeout bounds the counting of the outbox for metrics.
const collectTimeout = 3 * time.Second

var (
	waitingDesc = prometheus.NewDesc("usher_mail_waiting", "Mails that are queued and not sent yet.", nil, nil)
	failedDesc  = prometheus.NewDesc("usher_mail_failed", "Mails that were given up.", nil, nil)
	ageDesc     = prometheus.NewDesc("usher_mail_oldest_seconds", "How long the oldest mail that is not sent yet has waited.", nil, nil)
)

// Describe implements prometheus.Collector.
func (p *Post) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{waitingDesc, failedDesc, ageDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (p *Post) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	s, err := p.Status(ctx)
	if err != nil {
		p.Log.Error("counting the outbox for metrics failed", "error", err)
		return
	}
	age := 0.0
	if !s.Oldest.IsZero() {
		age = max(0, p.Now().Sub(s.Oldest).Seconds())
	}
	for d, value := range map[*prometheus.Desc]float64{waitingDesc: float64(s.Waiting), failedDesc: float64(s.Failed), ageDesc: age} {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
	}
}

// overdue is how long a mail may wait before that is worth a note.
const overdue = 10 * time.Minute

// Note says what of the outbox a person should know; "" when all is well.
func (p *Post) Note(ctx context.Context) string {
	s, err := p.Status(ctx)
	if err != nil {
		return "the outbox can't be read"
	}
	var notes []string
	switch {
	case s.Waiting > 0 && p.Transport == nil:
		notes = append(notes, plural(s.Waiting)+", as no mail server is set up")
	case !s.Oldest.IsZero() && p.Now().Sub(s.Oldest) > overdue:
		notes = append(notes, plural(s.Waiting)+", the oldest since "+s.Oldest.Format(time.RFC3339))
	}
	if s.Failed > 0 {
		notes = append(notes, given(s.Failed)+": see /manage/mail")
	}
	return strings.Join(notes, "; ")
}

// given says how many mails were given up.
func given(failed int) string {
	if failed == 1 {
		return "1 mail was given up"
	}
	return strconv.Itoa(failed) + " mails were given up"
}

// plural says how many mails wait.
func plural(waiting int) string {
	if waiting == 1 {
		return "1 mail waits"
	}
	return strconv.Itoa(waiting) + " mails wait"
}
