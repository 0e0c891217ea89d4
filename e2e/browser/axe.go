package browser

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed testdata/axe-core/axe.min.js
var axe string

// Flaw is something that axe-core holds against a page.
type Flaw struct {
	ID     string `json:"id"` // of axe's rule
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML string `json:"html"`
		Why  string `json:"failureSummary"`
	} `json:"nodes"`
}

// String says what is wrong and where.
func (f Flaw) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s (%s): %s", f.ID, f.Impact, f.Help)
	for _, n := range f.Nodes {
		fmt.Fprintf(&out, "\n  %s\n    %s", n.HTML, strings.ReplaceAll(n.Why, "\n", "\n    "))
	}
	return out.String()
}

// Contrasts are the rules whose outcome hangs on colours alone.
var Contrasts = []string{"color-contrast", "color-contrast-enhanced", "link-in-text-block"}

// askAxe runs rules. rules has those to run; where it is empty they are those of
// WCAG 2.2 to level AA, contrast to level AAA, and what is good practice beyond.
const askAxe = `((rules) => axe.run({
	runOnly: rules.length ? { type: "rule", values: rules } : ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
	rules: { "color-contrast-enhanced": { enabled: true } },
	resultTypes: ["violations"],
}).then((r) => JSON.stringify(r.violations)))(%s)`

// Flaws has axe-core look at the page as it is now: by these of its rules, or by all.
func (t *Tab) Flaws(rules ...string) ([]Flaw, error) {
	there, err := Eval[bool](t, `"axe" in window`)
	if err == nil && !there {
		_, err = Eval[bool](t, axe+";true")
	}
	if err != nil {
		return nil, fmt.Errorf("loading axe-core: %w", err)
	}
	list, err := json.Marshal(append([]string{}, rules...))
	if err != nil {
		return nil, err
	}
	text, err := Eval[string](t, fmt.Sprintf(askAxe, list))
	if err != nil {
		return nil, fmt.Errorf("running axe-core: %w", err)
	}
	var flaws []Flaw
	return flaws, json.Unmarshal([]byte(text), &flaws)
}
