package wallet

import (
	"time"

	"usher/server/accounts"
	"usher/server/post"
	"usher/sync/words"
)

const linkMinutes = int(accounts.LinkLife / time.Minute)

// Letter writes the mail with a link.
func Letter(i accounts.Invitation) (post.Letter, error) {
	b, err := book()
	if err != nil {
		return post.Letter{}, err
	}
	v := view{Language: b.Pick(i.Language, words.English), Minutes: linkMinutes}
	return post.Sheet{
		Language: v.Code(), Subject: v.T("wallet.mail_subject"), Text: []string{v.T("wallet.mail_text", "n", linkMinutes)},
		Button: v.T("wallet.mail_button"), Link: i.Link, Notes: []string{v.T("wallet.mail_other")},
	}.Letter()
}
