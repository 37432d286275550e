# Everything is built from Go modules; nodes need root on Linux and a few Debian packages.
SHELL := bash
# One set of flags for every program, shipped or tested, so common packages are compiled once.
export CGO_ENABLED ?= 0
export GOFLAGS += -trimpath
# Tests mostly wait, so several of a package run in parallel.
TESTFLAGS ?= -parallel 4 -timeout 30m
FUZZTIME ?= 10s
BENCHTIME ?= 1s
# Modules that users import, copy or list in a manifest. Modules below test/ only contain programs for tests.
MODULES := $(patsubst %/go.mod,%,$(wildcard telemetry/go.mod examples/*/go.mod collector/go.mod release/go.mod))
VERSION ?= $(shell sed -n 's/^appVersion: *//p' charts/telepod/Chart.yaml | tr -d '"')

.DEFAULT_GOAL := help
.PHONY: help build image release push sign release-test demo quickstart test others modules unit e2e terraform faults stress fleet packages programs attack fuzz bench verify format generate clean

help: ## Show this list
	@awk -F ':.*## ' '/^##@/ {print "\n" substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use
demo: packages ## Three clouds on this machine: one trace, one failover, nothing lost (DEMO=-keep, or -check: assert all of it)
	@go build -o bin/demo ./test/demo && bin/demo $(DEMO)

quickstart: packages ## Run every command of docs/quickstart.md, on stand-ins for kind and three clouds
	@go build -o bin/demo ./test/demo && bin/demo -quickstart

build: ## Build bin/telepod, static, for this machine
	CGO_ENABLED=0 go build -ldflags "-s -w -X main.version=$(VERSION)" -o bin/telepod ./cmd/telepod

image: ## Build the images into bin/*-image.tar, as docker-archives (ARCH=arm64 for another machine)
	@for name in injector telepod collector; do go -C release run . image -name $$name -arch $${ARCH:-$$(go env GOARCH)} || exit 1; done

##@ Release
release: ## Make a release in bin/release: archives, images, chart, SBOMs, krew manifest (VERSION, PLATFORMS)
	go -C release run . build -version "$(VERSION)" $(if $(PLATFORMS),-platforms $(PLATFORMS))

push: ## Copy the release's images and chart to a registry (REGISTRY=registry.example.com/mirror; default ghcr.io)
	go -C release run . push -version "$(VERSION)" -registry $(or $(REGISTRY),ghcr.io)

sign: ## Sign the pushed images and chart, and the checksums, with cosign (KEY=cosign.key; default: the workflow's identity)
	go -C release run . sign -version "$(VERSION)" -registry $(or $(REGISTRY),ghcr.io) $(if $(KEY),-key $(abspath $(KEY)))

release-test: packages ## Test a release on this machine: same bytes twice, pushed, signed, verified, installed, upgraded to (FROM=v1.2.3)
	go test ./test/release -count 1 -v -timeout 30m $(if $(FROM),-args -from $(FROM))

##@ Develop
test: others e2e modules ## Run the tests: units, fixtures, real Kubernetes, Collectors and Helm (not demo and terraform)

others: packages programs # all tests except those with their own target
	go build ./... && go test -p 2 $(TESTFLAGS) $$(go list ./... | grep -vxFf <(go list ./test/e2e ./test/terraform))

modules:
	@set -e; for module in $(MODULES); do (set -x; cd $$module && go test ./...); done

unit: ## Run the tests that need no cluster and no Collector, in under a minute
	go test -short ./profiles ./injector ./manifest ./webhook/... ./cmd/... ./health ./archive/... ./drill/... ./fleet/... ./estate/... ./strict ./terminal ./charts/...

e2e: packages programs ## Run test/e2e: the chart on a cluster with nodes (also part of make test)
	go test $(TESTFLAGS) -v ./test/e2e

terraform: ## Check the Terraform modules against the providers' and the chart's schemas
	@command -v npm >/dev/null || test "$$(id -u)" != 0 || { echo "installing the Debian package npm, for the providers' schemas"; apt-get update && apt-get install -y --no-install-recommends npm; }
	go test ./test/terraform/schema && go test ./test/terraform -count 1 -v -timeout 40m -args -must

verify: ## Check formatting, generated files, vet, staticcheck and the direction of imports
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "make verify: run 'make format'"; exit 1; }
	go mod tidy -diff
	go vet ./...
	go tool -modfile=test/lint/go.mod staticcheck ./...
	@set -e; for module in $(MODULES); do \
		(set -x; cd $$module && go mod tidy -diff && go vet ./... && go tool -modfile=$(CURDIR)/test/lint/go.mod staticcheck ./...); \
	done
	go tool -modfile=test/lint/go.mod actionlint -shellcheck= -pyflakes=
	go tool -modfile=test/lint/go.mod depguard ./profiles ./injector ./manifest ./webhook/... ./cmd/... ./health/... ./archive/... ./drill/... ./fleet/... ./estate/... ./strict

faults: ## Break the pipelines in every way: five minutes on an idle machine (make test includes some of it)
	go test ./test/pipeline -count 1 -v -timeout 15m -args -faults

stress: ## Test the Collector's parts at their limits: 1,000 kills of the storage, 10,000 connections, three full queues of 2 GiB
	cd collector && SEGMENTSTORAGE_KILLS=1000 go test ./segmentstorage -run Kills -count 1 -v -timeout 60m
	cd collector && TELEPOD_CONNECTIONS=10000 go test ./otlpmuxreceiver -run ManyConnections -count 1 -v -timeout 10m
	go test ./test/pipeline -run FullQueues -count 1 -v -timeout 30m -args -faults -queue 2048

fleet: ## Reconnect 500 nodes to a central site at the same time, and count what arrives
	go test ./test/pipeline -run Fleet -count 1 -v -timeout 20m -args -fleet 500

attack: ## Attack webhook, region and site; print memory and the p99 of ordinary requests meanwhile
	go test ./webhook ./test/pipeline -p 1 -run '^TestAttack' -count 1 -v -timeout 10m

fuzz: ## Fuzz for FUZZTIME (10s, or 1000x) each: profiles, plans, the command line, the HTTP handler
	@set -e; grep -rlE '^func Fuzz' --include=*_test.go . | sort | while read -r file; do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z]*\)(.*/\1/p' "$$file"); do \
			go -C "$$(dirname "$$file")" test . -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x; \
		done; done

bench: ## Measure the handler against a null handler, redaction, region and site against a bare Collector
	go test ./injector ./webhook -run '^$$' -bench . -benchtime $(BENCHTIME)
	cd collector && go test ./secretsprocessor -run '^$$' -bench Pass -benchtime 500x
	go test ./test/pipeline -run '^$$' -bench . -benchtime 4000x -timeout 30m

format: ## Format the code
	gofmt -w .

generate: ## Regenerate docs, schema and Collector sources
	go generate ./...
	cd collector && go generate .

clean: ## Remove build outputs; the cache of compiled programs stays
	rm -rf bin

packages: # the Debian packages that nodes need; does nothing for an ordinary user, or if they are installed
	@test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || test/cluster/install-debian.sh

programs: # compile them with visible progress; tests would compile them silently
	@go build -o bin/demo ./test/demo && bin/demo -build
