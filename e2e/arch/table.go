package arch

// The tables of the design. A pattern is an import path; "/..." at its end takes
// in everything below it.

// arrow says which of our own packages a package may import.
type arrow struct {
	from string
	may  []string
	why  string
}

// arrows are read from the top; the first that matches a package counts. What
// none matches may import nothing of ours. They hold for tests too.
var arrows = []arrow{
	{"usher/crypto/...", []string{"usher/crypto/..."},
		"crypto says who signed what, and stands on nothing of ours: a wallet page and a stranger's verifier build it alone"},
	{"usher/sync/fault", nil,
		"the error vocabulary crosses every wire, so everything may import it and it imports nothing of ours"},
	{"usher/sync/...", []string{"usher/sync/...", "usher/crypto/..."},
		"sync is what server and gate share; what it needs of them it takes as an interface of its own"},
	{"usher/migrations/...", []string{"usher/migrations/...", "usher/sync/fault"},
		"storage is below everything that stores: its users bring their vocabulary, it brings none of theirs"},
	{"usher/server/...", []string{"usher/server/...", "usher/sync/...", "usher/crypto/...", "usher/migrations/..."},
		"server and gate never import each other: what both need belongs in sync or crypto"},
	{"usher/gate/...", []string{"usher/gate/...", "usher/sync/...", "usher/crypto/...", "usher/migrations/..."},
		"server and gate never import each other: what both need belongs in sync or crypto"},
	{"usher/cmd/...", []string{"usher/cmd/...", "usher/server/...", "usher/gate/...", "usher/sync/...", "usher/crypto/...", "usher/migrations/..."},
		"the program is made of the parts, not of the tests of the whole"},
	{"usher/e2e/...", []string{"usher/..."}, ""},
}

// layers is the order within a folder: a package may import those on the lines
// above its own, and its own subpackages. "." is the folder's own package. A
// package that stands on no line may be imported by all and imports none of its
// siblings; when it has to, give it a line.
var layers = map[string][][]string{
	"usher/crypto": {
		{"base45", "canonical", "crockford"},
		{"keyring"},
		{"ticket", "grant"},
	},
	"usher/sync": {
		{"fault", "packed"},
		{"journal", "money"},
		{"sealed"},
		{"guests", "staff", "words"},
		{"admission", "enrolment", "exchange", "roster"},
		{"revocation"},
		{"state"},
		{"audit", "link"},
	},
	"usher/server": {
		{"vault", "bus"},
		{"journals"},
		{"catalog"},
		{"inventory", "payment", "post"},
		{"accounts"},
		{"ticketing"},
		{"doors"},
		{"document"},
		{"printout", "pass"},
		{"guard", "waitingroom"},
		{"transfer"},
		{"sales"},
		{"calloff"},
		{"resale"},
		{"web", "api"},
		{"."},
	},
	"usher/gate": {
		{"clock", "scan", "store"},
		{"enrol", "gatetest", "signin"},
		{"turnstile", "uplink"},
		{"shift"},
		{"door"},
		{"."},
	},
}

// kits put much of a folder together for the tests of each package in it, those of the
// lowest as well: they stand beside the layers, may import all their siblings, and only
// tests may import them.
var kits = []string{"usher/server/shoptest"}

// home says where a library may be imported. With no place named, any one
// package may, and only one.
type home struct {
	libs   []string
	places []string
	tests  bool // holds for tests too
	why    string
}

var homes = []home{
	{[]string{"modernc.org/sqlite/...", "github.com/jackc/pgx/...", "github.com/lib/pq", "github.com/mattn/go-sqlite3", "github.com/ncruces/go-sqlite3/..."},
		[]string{"usher/migrations/sqldb/..."}, true,
		"engines differ in how they open, lock and fail; migrations/sqldb knows, and everybody else uses its DB and its IsBusy, IsUnique, IsFull"},
	{[]string{"github.com/pressly/goose/..."}, []string{"usher/migrations/..."}, true,
		"a schema is brought up to date in one place, which also refuses a newer one: call migrations.Up"},
	{[]string{"github.com/redis/go-redis/..."}, []string{"usher/server/bus"}, true,
		"what Redis is for, and what is done without it, one package knows: call server/bus"},
	{[]string{"github.com/spf13/cobra", "github.com/spf13/pflag"}, []string{"usher/cmd/..."}, true,
		"flags are parsed in cmd; everything else takes a Config"},
	{[]string{"github.com/gorilla/websocket"}, []string{"usher/sync/link"}, true,
		"the transports live in sync/link: use its handler and its dialler"},
	{[]string{"github.com/stripe/stripe-go/..."}, []string{"usher/server/payment/stripe/..."}, true,
		"a payment provider's words stay with the provider: everybody else speaks server/payment"},
	{[]string{"github.com/makiuchi-d/gozxing/..."}, nil, false,
		"reading a picture is tried upright, inverted and at two scales by one package: call that one"},
	{[]string{"codeberg.org/go-pdf/fpdf/..."}, nil, false,
		"pages are drawn by one package: call that one"},
	{[]string{"github.com/skip2/go-qrcode"}, nil, false,
		"the encoder is the slow part of bulk issue and may be changed: keep it behind one function and call that one"},
	{[]string{"github.com/bojanz/currency/..."}, nil, false,
		"amounts are minor units inside and put into words by one package, which scan paths stay clear of: call sync/money"},
}

// ban says what a package promises to do without, in its shipped code.
type ban struct {
	from   string
	except string // "" for none
	never  []string
	deep   bool     // also by way of other packages
	beyond []string // packages past which a deep look doesn't go
	why    string
}

// world is what opens a socket, a file or a database.
var world = []string{"os", "os/...", "net", "net/http/...", "database/sql/...", "syscall", "golang.org/x/sys/..."}

var bans = []ban{
	{from: "usher/crypto/...", never: world,
		why: "crypto opens nothing: take bytes, an io.Reader or an interface from the caller"},
	{from: "usher/sync/...", except: "usher/sync/link", never: world,
		why: "sync opens nothing outside its transports: take a connection, a Store or bytes from the caller"},
	{from: "usher/crypto/...", never: []string{"net/http"}, deep: true,
		why: "crypto is built into pages and verifiers, where net/http has no business and weighs megabytes"},
	{from: "usher/sync/...", except: "usher/sync/link", never: []string{"net/http"}, deep: true,
		why: "records, decisions and the exchange hold over any transport; the one over HTTP is sync/link"},
	{from: "usher/gate/turnstile", never: []string{"net", "net/http/...", "database/sql/...", "usher/migrations/...", "usher/sync/exchange", "usher/sync/link"},
		deep: true, beyond: []string{"usher/gate/store"},
		why: "the scan path knows no network and no database but gate/store: what syncs is gate/uplink, beside it"},
	{from: "usher/server/...", never: kits,
		why: "what puts a server together for tests is of no use to one that runs: take what you need from your caller"},
	{from: "usher/cmd/usher", never: []string{"testing/...", "net/http/httptest"}, deep: true,
		why: "the shipped binary holds no test code (testing adds its flags to ours): put what tests share into a package that only tests import"},
}

// injected is what crypto and sync take from their caller. No names means all.
var injected = []struct {
	pkg   string
	names []string
}{
	{"time", []string{"Now", "Since", "Until"}},
	{"math/rand", nil},
	{"math/rand/v2", nil},
	{"crypto/rand", nil},
}

// injectedIn is where.
var injectedIn = []string{"usher/crypto/...", "usher/sync/..."}

// emptyNames are package names that say nothing about what is inside.
var emptyNames = []string{"util", "utils", "common", "helper", "helpers", "model", "models", "misc", "shared", "lib"}

// topLevel is what may stand at the root beside dot-files. bin and coverage are
// made, never committed.
var topLevel = []string{"cmd", "server", "gate", "sync", "crypto", "migrations", "docs", "deploy", "e2e",
	"go.mod", "go.sum", "Makefile", "README.md", "bin", "coverage"}

// maxLines bounds a source file. The median is meant to be a quarter of it.
const maxLines = 600

// minComment is the shortest package comment, in bytes, that can say something.
const minComment = 40
