# The two commands a newcomer needs: make run, make test. A bare `make` lists all.
GO       ?= go
TOOL     := $(GO) tool -modfile=.ci/tools/go.mod
SERVICES := bash deploy/dev/services.sh
MEMORY   := bash deploy/dev/memory.sh
FUZZTIME ?= 30s
SOAK     ?= 20000
FOR      ?= 5m

.DEFAULT_GOAL := help
.PHONY: help run build test race deps check bench fuzz soak cluster aftersale vuln pictures clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build, then a server, two gates and a rehearsal event to try; Ctrl-C ends it
	@bin/usher demo

build: ## bin/usher, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/usher ./cmd/usher

# What drives whole processes and browsers, reads and draws pictures, keeps rows, needs
# Stripe's large library, or starts no goroutine at all would take two to four times as long
# under the race detector and has little of its own to race: test runs it without, race runs
# everything with it. check has vetted all of it before. The last lines name the packages
# that take longest, so that a slow one is seen early. Test binaries have no debugger's
# tables (-w), which takes a third off the time to link some ninety of them. The longest
# go first: of those with the race detector they are the last by name.
PLAIN := ^usher/(cmd/usher$$|crypto/keyring$$|e2e/|gate/(door|scan)$$|sync/admission$$|server$$|server/(calloff|catalog|document|doors|pass|payment|post|printout|resale|sales|ticketing|transfer)(/|$$))
test: SHELL := bash
test: deps check ## everything that must pass: deps, check, all tests, most with the race detector
	@mkdir -p bin
	@set -o pipefail; $(MEMORY) $(SERVICES) bash -c 'failed=0; \
		$(GO) test -vet=off -ldflags=-w -race -timeout 12m $$($(GO) list ./... | grep -vE "$(PLAIN)" | sort -r) || failed=1; \
		$(GO) test -vet=off -ldflags=-w -timeout 12m $$($(GO) list ./... | grep -E "$(PLAIN)" | grep -v "^usher/e2e/arch$$") || failed=1; \
		exit $$failed' | tee bin/test.log
	@echo 'slowest:'; awk '$$1 == "ok" && $$3 + 0 > 0 { print "  " $$3, $$2 }' bin/test.log | sort -k1,1rn | head -n 5

race: ## all tests with the race detector; takes about half an hour
	$(SERVICES) $(GO) test -race -timeout 30m ./...

deps: ## find or install (apt, as root) what tests need beside Go: a C compiler, Chromium, pdftoppm, PostgreSQL, Redis
	@bash deploy/dev/deps.sh

check: ## gofmt, vet, staticcheck and the arrows between packages; works offline, so without vuln
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not gofmt-ed:"; echo "$$unformatted"; exit 1; }
	$(GO) vet ./...
	$(TOOL) staticcheck -checks all ./...
	$(GO) test -count=1 ./e2e/arch

bench: ## every benchmark, one package after the other; those of ./e2e/doorpage in a browser
	@set -e; for dir in $$(grep -rl --include='*_test.go' '^func Benchmark' . | sed 's|[^/]*$$||' | sort -u); do \
		$(SERVICES) $(GO) test -run '^$$' -bench . -benchmem -timeout 30m $$dir; done

fuzz: ## each fuzz target for FUZZTIME (30s)
	@set -e; grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sort | while IFS=: read -r file decl; do \
		echo "fuzz $${decl#func } $${file%/*}"; \
		$(GO) test -run '^$$' -fuzz "^$${decl#func }\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$${file%/*}" </dev/null; done

soak: ## property tests with SOAK (20000) random histories each, crash tests with SOAK/50 kills, islands with SOAK scans; takes long
	@set -e; for dir in $$(grep -rl --include='*_test.go' '"pgregory.net/rapid"' . | sed 's|[^/]*$$||' | sort -u); do \
		$(SERVICES) $(GO) test -race -count=1 -timeout 4h $$dir -rapid.checks=$(SOAK); done
	$(SERVICES) $(GO) test -count=1 -timeout 4h ./e2e/crash -rounds $$(( $(SOAK) / 50 ))
	$(GO) test -count=1 -timeout 4h -run Islands ./e2e/network -scans $(SOAK)

cluster: ## sell out events on three servers while parts of the cluster are killed, FOR (5m); ARGS="-seed N" for a run of before
	$(SERVICES) $(GO) test -count=1 -timeout 4h -v -run SellingOut ./e2e/cluster -for $(FOR) $(ARGS)

aftersale: ## have people buy, bind, hand on, give back and come in while servers are killed and gates cut off, FOR (5m); ARGS="-seed N" for a run of before
	$(SERVICES) $(GO) test -count=1 -timeout 4h -v ./e2e/aftersale -for $(FOR) $(ARGS)

vuln: ## known vulnerabilities in what we ship; asks the network
	$(TOOL) govulncheck ./...

clean: ## remove what the targets made
	rm -rf bin coverage

pictures: ## take the docs' pictures anew, with a real browser
	$(GO) run ./e2e/pictures
	$(GO) test -count=1 ./e2e/doorpage -run '^TestPanelsAsPictures$$' -pictures $(CURDIR)/docs/pictures
