package sandbox

import (
	"os"
	"strings"
	"testing"
)

// The guide lists every card.
func TestGuideListsTheCards(t *testing.T) {
	text, err := os.ReadFile("../../../docs/payment.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Cards() {
		if !strings.Contains(string(text), "| "+c.Pretty()+" |") {
			t.Errorf("docs/payment.md doesn't list %s, %s", c.Pretty(), c.Name)
		}
	}
	if n := strings.Count(string(text), "\n| 4"); n != len(cards) {
		t.Errorf("docs/payment.md lists %d cards; there are %d", n, len(cards))
	}
}
