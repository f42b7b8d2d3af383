# The commands of this project. `make help` lists them.

# `work` in a go command is every package of the modules in go.work. Those that race, test
# and adapt to other clients are outside it, and built with GOWORK=off.

# Pinned, and outside go.mod: a linter is no dependency of who imports sluice.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

# The versions of Go that the tests run on: the oldest that go.mod allows, and the
# newest stable one. GOTOOLCHAIN fetches them.
GO_OLDEST = $(shell sed -n 's/^go \([0-9]*\.[0-9]*\)$$/go\1.0/p; s/^go \([0-9]*\.[0-9]*\.[0-9]*\)$$/go\1/p' go.mod)
GO_NEWEST = go1.27.4

# The newest release candidate, if it is of a version to come; else nothing.
GO_NEXT = $(shell next=$$(go list -m -versions golang.org/toolchain | tr ' ' '\n' | \
	sed -n 's/^v[0-9.]*-\(go[0-9.]*rc[0-9]*\)\.linux-amd64$$/\1/p' | sort -V | tail -n 1); \
	test "$$(printf '%s\n' $$next $(GO_NEWEST) | sort -V | tail -n 1)" = $(GO_NEWEST) || echo $$next)

FUZZTIME   ?= 10m
# Every fuzz target, as PACKAGE:NAME.
FUZZTARGETS = $(shell grep -ro --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' . | sed 's|/[^/]*:func |:|' | sort)
BENCHTIME  ?= 1s

.PHONY: help
help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: test
test: ## the tests
	go test work

.PHONY: race
race: ## the tests under the race detector
	go test -race work

.PHONY: go-oldest
go-oldest: ## the tests on the oldest Go that go.mod allows
	GOTOOLCHAIN=$(GO_OLDEST) go test ./fleet/cmd/sluice-fleet work # what waits longest begins first

# with-go-GOVERSION is what must pass on a Go version before it may be relied on.
with-%:
	GOTOOLCHAIN=$* go vet work
	GOTOOLCHAIN=$* go test -short work
	GOTOOLCHAIN=$* go test -race -short $$(go list work | grep -e sluice/engine -e sluice/internal/reactor)
	GOTOOLCHAIN=$* go build -o bin/sluice-$* ./cmd/sluice
	bin/sluice-$* demo --duration 1s --json | tee -a /dev/stderr | grep -q '"tls_records":"lent"' # on Linux

.PHONY: go-newest
go-newest: with-$(GO_NEWEST) ## the tests on the newest stable Go, and the race suite of what depends on it most

.PHONY: go-next
go-next: ## the same on the newest release candidate of Go, if there is one
	@next=$(GO_NEXT); if [ -n "$$next" ]; then $(MAKE) --no-print-directory with-$$next; else echo "no release candidate is newer than $(GO_NEWEST): none"; fi

.PHONY: go-compare
go-compare: ## the demo built by the oldest and newest Go, in turn: memory and CPU
	bench/goversions.sh $(GO_OLDEST) $(GO_NEWEST)

.PHONY: fmt
fmt: ## format the code
	gofmt -w .

.PHONY: lint
lint: staticcheck tidy ## vet, staticcheck, and no go.mod out of date
	go vet work
	go vet -tags frontends ./engine
	cd bench/compare && GOWORK=off go vet ./...
	cd gatewaytest/clients && GOWORK=off go vet ./...
	@for module in $(ADAPTERS) examples/disgo internal/book/others; do (cd $$module && export GOWORK=off && go vet ./... && go run $(STATICCHECK) ./... && go mod tidy -diff) || exit 1; done
	cd engine/monitor/browser && GOWORK=off go vet ./...

.PHONY: staticcheck
staticcheck:
	go run $(STATICCHECK) work

.PHONY: tidy
tidy:
	@for module in $$(go list -m -f '{{.Dir}}'); do (cd $$module && GOWORK=off go mod tidy -diff) || exit 1; done

.PHONY: tags
tags: ## the tests of what build tags change
	go test -short -tags purego ./frame ./lazyjson/... ./internal/... ./engine/internal/...
	go test -short -tags portable ./internal/reactor/... ./engine
	go test -short -tags safe ./internal/reactor/... ./engine
	go test -short -tags go1.28 ./lazyjson/decode # as on a Go version that sonic does not know

# All that Go lists take as long as their standard libraries take to compile, half an
# hour on two cores, and some minutes once they are in the build cache. CI takes these:
# each kind of system once, and big-endian; 386 runs there.
SYSTEMS = darwin/arm64 windows/amd64 freebsd/amd64 linux/s390x js/wasm plan9/386

.PHONY: cross
cross: ## build and vet everything for every system that Go lists; SYSTEMS="…" for some
	@.ci/cross $(if $(filter-out file,$(origin SYSTEMS)),$(SYSTEMS),)

.PHONY: cross-short
cross-short: ## the same for the systems that CI takes
	@.ci/cross $(SYSTEMS)

.PHONY: qemu
qemu: ## the leaf packages, and the engine's short tests, on other processors (qemu-user)
	@.ci/qemu

# When the time is up in the middle of an input, go test now and then fails with
# "context deadline exceeded" and nothing else: no input failed, so that is no
# finding (a finding says where its input was written).
.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10m); FUZZTARGETS="PACKAGE:NAME …" for some
	@log=$$(mktemp); for target in $(FUZZTARGETS); do \
		echo "fuzz $$target"; \
		case $$target in ./adapters/*) work=off;; *) work=;; esac; \
		if GOWORK=$$work go -C $${target%:*} test -run='^$$' -fuzz="^$${target#*:}\$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=2s . >$$log 2>&1; then \
			tail -n 2 $$log; \
		elif grep -q '^    context deadline exceeded$$' $$log && ! grep -q 'Failing input' $$log; then \
			tail -n 5 $$log; echo "$$target: time was up; no input failed"; \
		else \
			cat $$log; rm -f $$log; exit 1; \
		fi; \
	done; rm -f $$log

.PHONY: fuzz-short
fuzz-short: ## those of the public parsers for 5 s each
	@$(MAKE) --no-print-directory fuzz FUZZTIME=5s FUZZTARGETS="$(filter ./fuzz:% ./engine/internal/transport:% ./engine/trace:%,$(FUZZTARGETS))"

FRONTENDS = nginx-light haproxy stunnel4 openssl squid tinyproxy dante-server microsocks

.PHONY: frontends
frontends: ## the engine behind nginx, HAProxy, stunnel and OpenSSL, and through proxies
	@for program in nginx haproxy stunnel openssl squid tinyproxy danted microsocks; do \
		PATH=$$PATH:/usr/sbin command -v $$program >/dev/null || missing="$$missing $$program"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "missing:$$missing; their tests are skipped without apt-get install $(FRONTENDS)"; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get install -y -qq $(FRONTENDS); fi; \
	fi
	go test -tags frontends -count=1 -v -timeout=20m -run='^TestFront' ./engine

.PHONY: operations
operations: ## alerts, dashboard and metrics, checked by Prometheus's promtool
	@if ! command -v promtool >/dev/null; then \
		echo "promtool is missing; its test is skipped without apt-get install prometheus"; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq --no-install-recommends prometheus >/dev/null || true; \
		fi; \
	fi
	go test -count=1 -v -run='^Test(Promtool|Dashboard|Alerts|Table)$$' ./engine/metrics

# Modules for users of other libraries, outside go.work.
ADAPTERS = $(patsubst %/go.mod,%,$(wildcard adapters/*/go.mod))

.PHONY: adapters
adapters: ## other libraries' bots on the engine, under the race detector; theirs come from the module cache
	@for module in $(ADAPTERS); do (cd $$module && GOWORK=off go test -race -count=1 -timeout=10m ./...) || exit 1; done

.PHONY: book
book: ## the README, docs/ and examples/: their code compiles, and does what they say
	go test -count=1 ./internal/book -args -all

# Of the pictures, page-light.png and page-dark.png are in the README.
.PHONY: page
page: ## the page of engine/monitor in a Chromium; PICTURES=DIR has it take pictures
	@command -v chromium >/dev/null || { \
		echo "missing: chromium; its tests are skipped without apt-get install chromium"; \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get install -y -qq --no-install-recommends chromium; fi; \
	}
	cd engine/monitor/browser && GOWORK=off go test -count=1 -v . -args $(if $(PICTURES),-pictures='$(abspath $(PICTURES))')

.PHONY: apidiff
apidiff: ## what has changed in the exported API of each module since its last tag
	@.ci/apidiff

.PHONY: bench
bench: ## benchmarks of every stage and of the whole line
	go test -run='^$$' -bench=. -benchtime=$(BENCHTIME) ./bench

.PHONY: compare
compare: ## the race against other clients, short form, or on TRACE=FILE; needs cargo, node and a C compiler
	cd bench/compare && GOWORK=off go run ./race $(if $(TRACE),-trace '$(abspath $(TRACE))' -doc= -svg= -results results-trace.jsonl)

.PHONY: compare-full
compare-full: ## the race against other clients, every load and compression
	cd bench/compare && GOWORK=off go run ./race -full -results results-full.jsonl

# SEED=N has every shard meet the faults of an earlier run again.
CHAOS = bin/sluice demo --chaos --json $(if $(SEED),--seed $(SEED))

.PHONY: chaos
chaos: ## 10 minutes of faults at random over both drivers; SEED=N repeats them
	@go build -o bin/sluice ./cmd/sluice
	@for driver in auto portable; do \
		echo "chaos --driver $$driver"; \
		$(CHAOS) --driver $$driver || exit 1; \
	done

.PHONY: chaos-short
chaos-short: ## 20 seconds of faults at random over both drivers
	@go build -o bin/sluice ./cmd/sluice
	@for driver in auto portable; do \
		echo "chaos --driver $$driver"; \
		$(CHAOS) --driver $$driver --shards 50 --max-concurrency 50 --duration 20s || exit 1; \
	done

# FLEET has more flags of sluice-fleet demo.
.PHONY: fleet
fleet: ## a fleet of three processes, killed, stopped, cut off, replaced and resharded; FLEET="--nodes 10 --shards 300" for another
	@go build -o bin/sluice-fleet ./fleet/cmd/sluice-fleet
	@for scenario in term roll surge kill "kill --nats embedded" stop "cut --cut refused" "cut --cut hole" "cut --cut oneway" down "reshard --shards 100"; do \
		bin/sluice-fleet demo --json --scenario $$scenario $(FLEET) || exit 1; \
	done

.PHONY: fleet-chaos
fleet-chaos: ## 10 minutes of everything at random; SEED=N repeats what is done
	@go build -o bin/sluice-fleet ./fleet/cmd/sluice-fleet
	bin/sluice-fleet demo --json --scenario chaos $(if $(SEED),--seed $(SEED)) $(FLEET)

.PHONY: fleet-cost
fleet-cost: ## what a fleet costs: CPU an event, bytes for NATS with 10,000 shards, publishing
	go test -run='^$$' -bench='Cost|Traffic' -benchtime=1x -timeout=30m ./fleet
	go test -run='^$$' -bench=Publish ./fleet/publish

.PHONY: soak
soak: ## 10,000 reconnects over both drivers: nothing may be left of them
	go test -run='^TestPain21_Soak$$' -v -timeout=30m ./engine -args -reconnects=10000

CLIENTS     = cd gatewaytest/clients && GOWORK=off go test -count=1 -timeout=60m -parallel=6
CLIENTSFAST = go,python,node

.PHONY: clients
clients: ## twelve other clients through every scenario; needs python3, node, maven and cargo
	$(CLIENTS) -run='^TestClients$$' -families=go,python,node,java,rust -steady=60s

.PHONY: clients-short
clients-short: ## the same with those that are installed within a minute
	$(CLIENTS) -families=$(CLIENTSFAST) -steady=10s

.PHONY: clients-bridge
clients-bridge: TIME ?= 10m
clients-bridge: ## the twelve clients on sluice serve, with faults on both sides for TIME (10m); LOGS=FOLDER keeps what all say
	$(CLIENTS) -timeout=120m -parallel=24 -run='^TestBridge$$' -families=go,python,node,java,rust -bridge=$(TIME) -patience=15m -v $(if $(LOGS),-logs='$(abspath $(LOGS))')

.PHONY: clients-doc
clients-doc: ## measure what these clients do differently, and write docs/clients.md
	$(CLIENTS) -run='^TestMeasure$$' -families=go,python,node,java,rust -measure

.PHONY: clients-page
clients-page: ## write docs/clients.md from what was measured last
	cd gatewaytest/clients && GOWORK=off go test -count=1 -run='^TestWritePage$$' . -write

TRACETIME ?= 60s
TRACERATE ?= 50000

.PHONY: trace
trace: ## record under chaos and play it back, and kill a recording at TRACERATE (50000) events/s; TRACETIME (60s) each
	go test -v -count=1 -parallel=1 -timeout=30m -run='^Test(TraceRoundTrip|RecordKilled)$$' ./cmd/sluice \
		-trace.time=$(TRACETIME) -trace.rate=$(TRACERATE)

.PHONY: storm
storm: ## 2,000 shards whose connections are all dropped at once
	@go build -o bin/sluice ./cmd/sluice
	bin/sluice demo --storm --json

RESTARTSHARDS ?= 200
RESTARTS      ?= 10

.PHONY: restart
restart: ## restart a bot under load, RESTARTS times (10), by TERM and by KILL, over both drivers
	go test -v -count=1 -parallel=1 -timeout=60m -run='^TestPain24_(RollingRestart|Kill)$$' ./engine \
		-restart.shards=$(RESTARTSHARDS) -restart.rounds=$(RESTARTS)

.PHONY: demo-all
demo-all: ## a short demo of every compression, with and without TLS
	@go build -o bin/sluice ./cmd/sluice
	@for compress in zlib zstd payload none; do \
		for tls in true false; do \
			echo "demo --compress $$compress --tls=$$tls"; \
			bin/sluice demo --duration 2s --compress $$compress --tls=$$tls --json || exit 1; \
		done; \
	done
