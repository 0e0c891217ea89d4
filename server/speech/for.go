package speech

import (
	"sync"
	"time"

	"usher/sync/words"
)

// For gives the language that fits a list of wishes best; where none does, the one that
// fits another. It is asked for each page, and browsers say little that is new: what was
// found is kept.
func For(wishes, other string, zone *time.Location) Lang {
	asked := wish{wishes, other}
	if found := kept.get(asked); found != nil {
		return Lang{found, zone}
	}
	own := words.English
	if other != "" {
		own = book().Pick(other, words.English).Code()
	}
	found := book().Pick(wishes, own)
	kept.put(asked, found)
	return Lang{found, zone}
}

type wish struct{ wishes, other string }

// answers keeps what was found for the newest wishes, so many of them and none that is
// long: strangers send them.
type answers struct {
	mu    sync.RWMutex
	found map[wish]*words.Language
}

const (
	mostAnswers = 1000
	longestWish = 120 // bytes
)

var kept answers

func (a *answers) get(asked wish) *words.Language {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.found[asked]
}

func (a *answers) put(asked wish, found *words.Language) {
	if len(asked.wishes)+len(asked.other) > longestWish {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.found == nil || len(a.found) >= mostAnswers {
		a.found = make(map[wish]*words.Language, mostAnswers)
	}
	a.found[asked] = found
}
