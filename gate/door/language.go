package door

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"sync"

	"usher/sync/fault"
	"usher/sync/words"
)

// book holds what a door says in every language.
var book = sync.OnceValues(func() (*words.Book, error) {
	folder, err := fs.Sub(messages, "messages")
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the door's messages can't be read")
	}
	return words.Load(folder)
})

// Words is what a door says, in every language, for those who say something beside it:
// how a phone is told to trust the gate.
func Words() (*words.Book, error) { return book() }

// English is the language of who asks for none, as the command line's.
func English() *words.Language {
	b, err := book()
	if err != nil {
		panic(err) // a defect of this build that its tests find
	}
	return b.English()
}

// asks is the language that a request is answered in: the page's is what somebody
// chose there, a program's is English unless it says otherwise.
func (d *Door) asks(r *http.Request) *words.Language {
	return d.book.Pick(r.Header.Get("Accept-Language"), words.English)
}

// wordsAt is where the page finds the book.
const wordsAt = "/words.json"

// wordsFile is the book as the page reads it.
func wordsFile(b *words.Book) (file, error) {
	body, err := json.Marshal(b)
	return newFile(wordsAt, body), err
}
