package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/sync/fault"
)

// commits is an act that takes a time and notes what it was given.
type commits struct {
	mu    sync.Mutex // covers the rest: each event has a queue of its own
	sizes []int
	ids   []string
	fails error
	most  int // batches at the same time
	now   int
}

const commitTakes = 10 * time.Millisecond

func (c *commits) act(_ context.Context, _ *queue, b *batch) error {
	c.mu.Lock()
	c.now++
	c.most = max(c.most, c.now)
	c.sizes = append(c.sizes, len(b.asks))
	for _, a := range b.asks {
		if a.take != nil {
			c.ids = append(c.ids, a.take.ID)
			a.hold = Hold{ID: a.take.ID, State: Held}
		}
	}
	c.mu.Unlock()
	time.Sleep(commitTakes)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now--
	return c.fails
}

// onQueue runs a test in a bubble with a stock whose commits take a while.
func onQueue(t *testing.T, cfg Config, test func(*testing.T, *Stock, *commits)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := &commits{}
		s := New(nil, time.Now, cfg)
		s.act = c.act
		test(t, s, c)
		s.Close()
		synctest.Wait()
		if len(s.queues) != 0 {
			t.Errorf("%d queues are left of what is done", len(s.queues))
		}
	})
}

func requestFor(event, id string) Request {
	return Request{ID: id, Event: event, Lines: []Line{n("hall", 1)}, Until: time.Now().Add(time.Minute)}
}

// buy asks for a place in its own goroutine.
func buy(ctx context.Context, s *Stock, event, id string) <-chan error {
	answer := make(chan error, 1)
	go func() {
		h, err := s.Hold(ctx, requestFor(event, id))
		if err == nil && h.ID != id {
			err = fmt.Errorf("%s got the answer of %s", id, h.ID)
		}
		answer <- err
	}()
	synctest.Wait()
	return answer
}

// What queues up while a commit runs is the next batch, in order of arrival, and
// there is one commit at a time.
func TestQueueFormsWhileACommitRuns(t *testing.T) {
	onQueue(t, Config{MaxBatch: 40}, func(t *testing.T, s *Stock, c *commits) {
		began := time.Now()
		var answers []<-chan error
		var ids []string
		for i := range 101 {
			ids = append(ids, fmt.Sprintf("h%03d", i))
			answers = append(answers, buy(t.Context(), s, event, ids[i]))
		}
		for _, answer := range answers {
			if err := <-answer; err != nil {
				t.Error(err)
			}
		}
		if !slices.Equal(c.sizes, []int{1, 40, 40, 20}) {
			t.Errorf("the batches had %d requests", c.sizes)
		}
		if !slices.Equal(c.ids, ids) {
			t.Errorf("they were decided in the order %v", c.ids)
		}
		if c.most != 1 {
			t.Errorf("%d commits ran at the same time", c.most)
		}
		if took := time.Since(began); took != 4*commitTakes { // of the bubble's clock: nobody waits for a timer
			t.Errorf("four commits took %s", took)
		}
	})
}

func TestEventsDoNotWaitForEachOther(t *testing.T) {
	onQueue(t, Config{}, func(t *testing.T, s *Stock, c *commits) {
		one, two := buy(t.Context(), s, "A", "a"), buy(t.Context(), s, "B", "b")
		if err := errors.Join(<-one, <-two); err != nil {
			t.Error(err)
		}
		if c.most != 2 {
			t.Errorf("%d commits ran at the same time, want 2", c.most)
		}
	})
}

func TestQueueIsBounded(t *testing.T) {
	onQueue(t, Config{MaxQueue: 3}, func(t *testing.T, s *Stock, c *commits) {
		answers := []<-chan error{buy(t.Context(), s, event, "first")} // being decided
		for i := range 3 {
			answers = append(answers, buy(t.Context(), s, event, fmt.Sprint(i)))
		}
		wantKind(t, <-buy(t.Context(), s, event, "too late"), fault.TooMany)
		back := &ask{end: []string{"x"}, as: Released, done: make(chan struct{})}
		if err := s.ask(t.Context(), event, back); err != nil { // is never refused
			t.Error(err)
		}
		for _, answer := range answers {
			if err := <-answer; err != nil {
				t.Error(err)
			}
		}
		if !slices.Equal(c.sizes, []int{1, 4}) {
			t.Errorf("the batches had %d asks", c.sizes)
		}
	})
}

func TestBuyersWhoLeaveTheQueue(t *testing.T) {
	onQueue(t, Config{}, func(t *testing.T, s *Stock, c *commits) {
		gone, leave := context.WithCancelCause(t.Context())
		left := errors.New("left")
		first := buy(gone, s, event, "in the commit")
		second := buy(gone, s, event, "waits")
		third := buy(t.Context(), s, event, "stays")
		leave(left)
		if err := <-second; !errors.Is(err, left) {
			t.Errorf("whoever left got %v", err)
		}
		for _, answer := range []<-chan error{first, third} { // what is being done is told
			if err := <-answer; err != nil {
				t.Error(err)
			}
		}
		if !slices.Equal(c.ids, []string{"in the commit", "stays"}) {
			t.Errorf("%v were decided", c.ids)
		}
	})
}

func TestCloseWaitsForWhatWasAsked(t *testing.T) {
	onQueue(t, Config{}, func(t *testing.T, s *Stock, c *commits) {
		first, second := buy(t.Context(), s, event, "first"), buy(t.Context(), s, event, "second")
		s.Close()
		synctest.Wait()
		select {
		case err := <-second:
			if err := errors.Join(err, <-first); err != nil {
				t.Error(err)
			}
		default:
			t.Error("closed before it was answered")
		}
		wantKind(t, <-buy(t.Context(), s, event, "third"), fault.Unavailable)
	})
}

// A batch that fails fails for all of it, and the next one is tried.
func TestActThatFails(t *testing.T) {
	onQueue(t, Config{}, func(t *testing.T, s *Stock, c *commits) {
		c.fails = errors.New("secret path")
		first := buy(t.Context(), s, event, "first")
		err := <-first
		wantKind(t, err, fault.Internal)
		if text := fault.Message(err); text == "" || text == err.Error() {
			t.Errorf("it says %q", text)
		}
		c.fails = nil
		if err := <-buy(t.Context(), s, event, "second"); err != nil {
			t.Error(err)
		}
	})
}

// A pool that was found empty refuses from memory those whose hold can't be there
// yet, for a second, or until places come back.
func TestMemoryRefuses(t *testing.T) {
	onQueue(t, Config{}, func(t *testing.T, s *Stock, c *commits) {
		s.act = func(ctx context.Context, q *queue, b *batch) error {
			b.left = map[string]int64{"hall": 0}
			return c.act(ctx, q, b)
		}
		asked := func(fresh bool) bool {
			t.Helper()
			before := len(c.sizes)
			r := requestFor(event, "h")
			r.Fresh = fresh
			_, err := s.Hold(t.Context(), r)
			if len(c.sizes) == before {
				wantShort(t, err, map[string]int64{"hall": 0})
			}
			return len(c.sizes) > before
		}
		for _, step := range []struct {
			what  string
			do    func()
			fresh bool
			want  bool // the database was asked
		}{
			{"nothing is known", func() {}, true, true},
			{"it was found empty", func() {}, true, false},
			{"it may be a repetition", func() {}, false, true},
			{"a moment later", func() { time.Sleep(staleAfter - 2*commitTakes) }, true, false},
			{"a second later", func() { time.Sleep(2 * commitTakes) }, true, true},
			{"found empty again", func() {}, true, false},
			{"places of another event came back", func() { s.memory.forget("OTHER") }, true, false},
			{"places came back", func() { s.memory.forget(event) }, true, true},
		} {
			step.do()
			if got := asked(step.fresh); got != step.want {
				t.Errorf("%s: the database was asked: %v", step.what, got)
			}
		}
	})
}
