package demo

import "strings"

// steps are what to try in a browser. What stands in quotes is on a page or a mail just
// so, and e2e/newcomer follows them to the letter.
const steps = `  4. A live ticket, from the shop to the door. Buy two that are "Standing". Open the mail
     "Your tickets: Harbour Nights" in the inbox, press "See your order", and on its page
     "Keep on this phone" (or open {shop}wallet and have a link mailed).
     Open a ticket and press "Make it live on this phone". From here on it needs no network:
     press "Show the code", and take a picture of the screen; a screenshot will do. Choose it
     at a door page with "Picture", or press "Start camera" and hold the phone before it:
     ADMIT. The same picture a minute later is a STALE CODE.
  5. Give the other ticket to somebody. Take a picture of its code first. Then press
     "Give it to somebody", "Mail it straight to somebody", and with a name and another
     address "Give it away". Open that person's mail in the inbox with another browser
     profile, press "See and accept" and "Accept the ticket", and "Open on this phone" in the
     mail that comes then. The code that is shown there is let in, and your picture is VOID at
     both doors, which say that the new holder has the code.
     Your own second phone signs in at {shop}wallet, and takes a live ticket over.
  6. Somebody came in with these two. Buy one more, and on its order's page open
     "Give tickets back", or "Sell it on" from the wallet: it is then at
     {shop}events/DEMO/resale, for anybody to buy.
`

// Steps says what to try in a browser.
func (p *Place) Steps() string { return strings.ReplaceAll(steps, "{shop}", p.Shop) }
