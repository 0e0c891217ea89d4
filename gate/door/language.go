package door

import (
	"encoding/json"
	"io/fs"
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

// wordsAt is where the page finds the book.
const wordsAt = "/words.json"

// wordsFile is the book as the page reads it.
func wordsFile() (file, error) {
	b, err := book()
	if err != nil {
		return file{}, err
	}
	body, err := json.Marshal(b)
	return newFile(wordsAt, body), err
}
