# The targets a contributor needs; `make help` lists them.
# Nothing here needs root, a C compiler (except `race`) or anything outside
# this directory besides Go and its module cache.

GO         ?= go
PREFIX     ?= /usr/local
FUZZTIME   ?= 10s
VERSION    ?= $(shell git describe --tags --always 2>/dev/null || echo dev)

# Pinned, so that a new release of a tool cannot turn an old commit red.
GOLANGCI_VERSION    := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
GOLANGCI := bin/golangci-lint-$(GOLANGCI_VERSION)

# A static binary: it must start in any root file system, whatever its libc.
export CGO_ENABLED := 0
# The version comes from VERSION: the go command would run git itself, which
# refuses in a tree that belongs to another user.
export GOFLAGS := -buildvcs=false

# urfave/cli makes manual pages with a Markdown parser that takes longer to
# initialise than all of ptbox; the tag leaves it out.
BUILD := $(GO) build -tags urfave_cli_no_docs -trimpath -ldflags '-s -w -X main.version=$(VERSION)'

.PHONY: build
build: need-go ## build ./ptbox (the default)
	$(BUILD) -o ptbox ./cmd/ptbox

.PHONY: need-go
need-go:
	@command -v $(GO) >/dev/null || { echo "make: Go is missing: install Go $$(sed -n 's/^go //p' go.mod) or later (https://go.dev/dl/)" >&2; exit 1; }

# -count=1: the tests run programs that they build, and the cache of test
# results would not notice when those change.
.PHONY: test
test: need-go ## run all tests that need nothing but Go
	$(GO) vet ./...
	$(GO) test -count=1 -timeout 40m ./...

# Needed only after a change of tracer/fastpath/src or layout.go; a test
# compares the committed bytes with the sources.
.PHONY: blob
blob: need-go ## build the code of the fast path anew (needs gcc and binutils)
	cd tracer/fastpath && $(GO) run mkblob.go

.PHONY: test-distro
test-distro: need-go ## run real distributions in the view (needs mmdebstrap and a Debian mirror)
	@command -v mmdebstrap >/dev/null || { echo "make: mmdebstrap is missing: apt-get install mmdebstrap" >&2; exit 1; }
	PTBOX_DISTRO=1 $(GO) test -timeout 40m -count=1 -v ./test/distro

# Hours of other people's tests, so not part of anything else. SUITES="busybox
# git" runs some of them; results of earlier runs stay on the page.
SUITES ?=
.PHONY: conformance
conformance: build ## run other programs' test suites natively and in the view, write docs/conformance.md (as root)
	@command -v mmdebstrap >/dev/null || { echo "make: mmdebstrap is missing: apt-get install mmdebstrap" >&2; exit 1; }
	$(GO) run ./test/conformance -ptbox ./ptbox -suites "$(shell echo $(SUITES) | tr ' ' ,)"

.PHONY: test-distro-full
test-distro-full: need-go ## the same with installations, services and kills, compared with real root's (hours; needs root, debootstrap and umoci too)
	@for c in mmdebstrap debootstrap umoci; do command -v $$c >/dev/null || { echo "make: $$c is missing: apt-get install $$c" >&2; exit 1; }; done
	PTBOX_DISTRO=full $(GO) test -timeout 8h -count=1 -v ./test/distro

SEQS ?= 20000
SEED ?= 1000
.PHONY: fuzz-diff
fuzz-diff: need-go ## compare SEQS (20000) random scripts with the kernel (needs root)
	PTBOX_FUZZ_SEQS=$(SEQS) PTBOX_FUZZ_SEED=$(SEED) $(GO) test -count=1 -timeout 24h -v -run '^TestRandom$$' ./test/diff

# The packages' own tests, and guests that misbehave in a ptbox that is built
# with the detector. A race that it finds ends ptbox with 66.
# Left out: the comparison of all verdicts of the seccomp program with the table,
# minutes of computing in one goroutine.
RACESKIP := TestProgramEqualsTable|TestGuardsEqualTable
.PHONY: race
race: need-go need-cc ## look for data races (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 30m -skip '$(RACESKIP)' ./tracer/... ./sandbox ./fsview/... ./spec/... ./internal/...
	PTBOX_RACE_DETECTOR=1 PTBOX_SOAK=60s $(GO) test -count=1 -timeout 30m -run TestSoak ./test/hostile

.PHONY: need-cc
need-cc:
	@command -v cc >/dev/null || { echo "make: a C compiler is missing: the race detector needs cgo (apt-get install gcc libc6-dev)" >&2; exit 1; }

# SOAK is how long, over all configurations; with RACE=1 the race detector is
# in ptbox.
SOAK ?= 30m
RACE ?= 0
.PHONY: soak
soak: need-go ## kill, stop and exhaust guests at random for SOAK (30m), and make random calls for as long
	PTBOX_RACE_DETECTOR=$(RACE) PTBOX_SOAK=$(SOAK) $(GO) test -count=1 -timeout 0 -v -run 'TestSoak|TestFuzzCalls' ./test/hostile

# Hours, at 60 s each: every race of the escape suite in three configurations.
RACETIME ?= 60s
.PHONY: escape-races
escape-races: need-go ## run each race of the escape suite for RACETIME (60s), two at a time
	PTBOX_RACE=$(RACETIME) $(GO) test -count=1 -timeout 0 -v -parallel 2 -run 'TestHeld/^(seccomp|fast|identity)$$/^race-' ./test/escape

# CMD finds ptbox, guest (for GUESTARCH, 386 is the other one) and the compiled
# tests of test/diff and test/escape in its PATH. test/vm/run.sh says more.
CMD ?= diff.test -test.run '^TestDiff$$' -test.timeout 2h
GUESTARCH ?= amd64
.PHONY: vm
vm: build ## run CMD (the differential test) under Debian's kernel in an emulated machine (installs qemu)
	@set -e; t=$$(mktemp -d); trap 'rm -rf "$$t"' EXIT; \
	$(GO) test -c -o "$$t/diff.test" ./test/diff; $(GO) test -c -o "$$t/escape.test" ./test/escape; \
	GOARCH=$(GUESTARCH) $(GO) build -o "$$t/guest" ./internal/testbin/guest; $(GO) build -o "$$t/escape" ./internal/testbin/escape; \
	test/vm/run.sh -f ./ptbox:/bin/ptbox -f "$$t/diff.test:/bin/diff.test" -f "$$t/escape.test:/bin/escape.test" \
	  -f "$$t/guest:/bin/guest" -f "$$t/escape:/bin/escape" \
	  env PTBOX_BIN=/bin/ptbox PTBOX_GUEST=/bin/guest PTBOX_ESCAPE_BIN=/bin/escape sh -c "$(CMD)"

# The go command takes its own deadline for a failure now and then ("context
# deadline exceeded"); a failing input is written to testdata.
FUZZ = $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p
.PHONY: fuzz-short
fuzz-short: need-go ## run each fuzz target for FUZZTIME (10s)
	@set -e; for p in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -r -n1 dirname | sort -u); do \
	  for f in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' $$p/*_test.go); do \
	    echo "$$p $$f"; $(FUZZ) || { ! ls -d $$p/testdata/fuzz/$$f 2>/dev/null && echo "again: the input is not to blame" && $(FUZZ); }; \
	  done; done

.PHONY: bench
bench: build ## print ratios: native, ptbox, and proot and fakechroot where installed
	@$(GO) run ./test/bench -ptbox ./ptbox

.PHONY: cover
cover: need-go ## write coverage.txt and print the coverage of each function
	$(GO) test -count=1 -timeout 30m -coverpkg=./... -coverprofile=coverage.txt ./...
	$(GO) tool cover -func=coverage.txt

.PHONY: lint
lint: $(GOLANGCI) ## run golangci-lint, the formatters' check and go mod tidy's
	$(GO) mod tidy -diff
	$(GOLANGCI) run ./...
	$(GOLANGCI) fmt --diff ./...

# Built from the module proxy like any dependency, and kept in ./bin.
$(GOLANGCI): | need-go
	GOFLAGS= GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv bin/golangci-lint $@

# It exits with 3 if there is one. Without the database nothing is known, which
# is said and is no failure. VULNDB names another database.
VULNDB ?= https://vuln.go.dev
GOVULNCHECK := bin/govulncheck-$(GOVULNCHECK_VERSION)
.PHONY: vuln
vuln: $(GOVULNCHECK) ## look the dependencies up in the Go vulnerability database
	@out=$$($(GOVULNCHECK) -db '$(VULNDB)' ./... 2>&1) && { echo "$$out"; exit 0; }; code=$$?; \
	case $$code:$$out in \
	1:*"fetching vulnerabilities: "*) echo "vuln: not checked, $(VULNDB) cannot be read: $${out##*fetching vulnerabilities: }";; \
	*) echo "$$out"; exit $$code;; \
	esac

$(GOVULNCHECK): | need-go
	GOFLAGS= GOBIN=$(CURDIR)/bin $(GO) install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	mv bin/govulncheck $@

# The second build happens in another directory with an empty cache: neither
# may leave a trace in the binary.
.PHONY: repro
repro: build ## build twice, in two places, and compare
	@set -e; t=$$(mktemp -d); trap 'rm -rf "$$t"' EXIT; mkdir "$$t/src"; \
	tar cf - --exclude=./.git --exclude=./bin --exclude=./ptbox . | tar xf - -C "$$t/src"; \
	(cd "$$t/src" && GOCACHE="$$t/cache" $(BUILD) -o "$$t/ptbox" ./cmd/ptbox); \
	cmp ptbox "$$t/ptbox"; echo "repro: both builds are $$(sha256sum <ptbox | cut -d' ' -f1)"

.PHONY: install
install: build ## install to $(DESTDIR)$(PREFIX)/bin
	install -D -m 0755 ptbox '$(DESTDIR)$(PREFIX)/bin/ptbox'

.PHONY: clean
clean: ## remove what the other targets built
	rm -rf ptbox bin coverage.txt

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14
