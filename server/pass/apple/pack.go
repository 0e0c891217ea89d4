package apple

import (
	"archive/zip"
	"bytes"
	"crypto/sha1" // as the format has it; what is signed is summed with SHA-256
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/smallstep/pkcs7"

	"usher/server/emblem"
)

// Kind is the media type of a pass.
const Kind = "application/vnd.apple.pkpass"

// Pass is what stands on an event ticket, in Apple's words
// (developer.apple.com/documentation/walletpasses/pass).
type Pass struct {
	Serial       string     `json:"serialNumber"`
	Organisation string     `json:"organizationName"`
	Description  string     `json:"description"`                   // for who can't see it
	Service      string     `json:"webServiceURL,omitempty"`       // where it is kept up to date; "": nowhere
	Token        string     `json:"authenticationToken,omitempty"` // for Service
	Relevant     string     `json:"relevantDate,omitempty"`        // when it is put on the screen, RFC 3339
	Relevants    []Span     `json:"relevantDates,omitempty"`       // the same since iOS 18
	Expires      string     `json:"expirationDate,omitempty"`      // RFC 3339
	Voided       bool       `json:"voided,omitempty"`
	Locations    []Location `json:"locations,omitempty"`
	Barcodes     []Barcode  `json:"barcodes,omitempty"`
	NoSharing    bool       `json:"sharingProhibited,omitempty"`
	Ticket       Fields     `json:"eventTicket"`
	Foreground   string     `json:"foregroundColor"` // rgb(r, g, b), as those that follow
	Background   string     `json:"backgroundColor"`
	Label        string     `json:"labelColor"`

	// Texts are what stands for labels and values by language: those of Ticket are keys.
	Texts map[string]map[string]string `json:"-"`
}

// Span is when a pass matters.
type Span struct {
	Start string `json:"startDate"`
	End   string `json:"endDate"`
}

// Location is where a pass matters.
type Location struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// Barcode is a code on a pass.
type Barcode struct {
	Format   string `json:"format"`
	Message  string `json:"message"`
	Encoding string `json:"messageEncoding"`
	Text     string `json:"altText,omitempty"` // below it
}

// QR makes a code of a text, with what is to be read below it.
func QR(message, below string) []Barcode {
	return []Barcode{{Format: "PKBarcodeFormatQR", Message: message, Encoding: "iso-8859-1", Text: below}}
}

// Fields are the texts of a pass by where they stand.
type Fields struct {
	Header    []Field `json:"headerFields,omitempty"`
	Primary   []Field `json:"primaryFields,omitempty"`
	Secondary []Field `json:"secondaryFields,omitempty"`
	Auxiliary []Field `json:"auxiliaryFields,omitempty"`
	Back      []Field `json:"backFields,omitempty"`
}

// Field is a text of a pass.
type Field struct {
	Key    string `json:"key"`
	Label  string `json:"label,omitempty"`
	Value  string `json:"value"`
	Change string `json:"changeMessage,omitempty"` // said when it changes; %@ is the new value
	Date   string `json:"dateStyle,omitempty"`     // of a Value in RFC 3339
	Time   string `json:"timeStyle,omitempty"`
	Local  bool   `json:"ignoresTimeZone,omitempty"` // by the clock of Value's own zone
}

// signed is a pass with whose it is.
type signed struct {
	Version int    `json:"formatVersion"`
	Type    string `json:"passTypeIdentifier"`
	Team    string `json:"teamIdentifier"`
	*Pass
}

// Pack makes the signed file of a pass.
func (i *Identity) Pack(p Pass) ([]byte, error) {
	face, err := json.Marshal(signed{1, i.passType, i.team, &p})
	if err != nil {
		return nil, fmt.Errorf("writing the pass: %w", err)
	}
	files := map[string][]byte{"pass.json": face}
	maps.Copy(files, pictures())
	for language, texts := range p.Texts {
		files[language+".lproj/pass.strings"] = stringsFile(texts)
	}
	sums := map[string]string{}
	for name, body := range files {
		sum := sha1.Sum(body)
		sums[name] = hex.EncodeToString(sum[:])
	}
	if files["manifest.json"], err = json.Marshal(sums); err != nil {
		return nil, fmt.Errorf("writing the manifest of the pass: %w", err)
	}
	if files["signature"], err = i.sign(files["manifest.json"]); err != nil {
		return nil, fmt.Errorf("signing the pass: %w", err)
	}
	return archive(files)
}

// sign makes the detached signature of a manifest.
func (i *Identity) sign(manifest []byte) ([]byte, error) {
	data, err := pkcs7.NewSignedData(manifest)
	if err != nil {
		return nil, err
	}
	data.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := data.AddSigner(i.leaf, i.key, pkcs7.SignerInfoConfig{}); err != nil {
		return nil, err
	}
	for _, c := range i.chain {
		data.AddCertificate(c)
	}
	data.Detach()
	return data.Finish()
}

// archive puts files into a ZIP archive, pass.json and its manifest first.
func archive(files map[string][]byte) ([]byte, error) {
	names := slices.SortedFunc(maps.Keys(files), func(a, b string) int {
		first := func(name string) int { return slices.Index([]string{"signature", "manifest.json", "pass.json"}, name) }
		if x, y := first(a), first(b); x != y {
			return y - x
		}
		return strings.Compare(a, b)
	})
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range names {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(files[name])
		}
		if err != nil {
			return nil, fmt.Errorf("packing the pass: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("packing the pass: %w", err)
	}
	return out.Bytes(), nil
}

// pictures are those of every pass: the sign at the sizes of a lock screen, and of a
// pass's corner.
var pictures = sync.OnceValue(func() map[string][]byte {
	files := map[string][]byte{}
	for name, size := range map[string]int{"icon": 29, "logo": 50} {
		files[name+".png"] = emblem.PNG(size)
		files[name+"@2x.png"] = emblem.PNG(2 * size)
		files[name+"@3x.png"] = emblem.PNG(3 * size)
	}
	return files
})

// stringsFile writes texts as Apple's .strings files have them.
func stringsFile(texts map[string]string) []byte {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", ``).Replace
	var out bytes.Buffer
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		fmt.Fprintf(&out, "\"%s\" = \"%s\";\n", quote(key), quote(texts[key]))
	}
	return out.Bytes()
}
