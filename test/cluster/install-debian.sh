#!/bin/sh
# Installs missing Debian or Ubuntu packages that tests need: for nodes of test clusters, for the estate of three clusters,
# and for tests of web pages and of the SDK for Node.js.
set -eu

missing=
for pair in runc:runc nft:nftables ip:iproute2 modprobe:kmod prometheus:prometheus chromium:chromium node:nodejs npm:npm; do
	command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0
echo "installing Debian packages that tests need:$missing (for an ordinary user nothing is installed, and tests that need nodes are skipped)"

export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of packages
apt-get install -y --no-install-recommends $missing ||
	{ apt-get update && apt-get install -y --no-install-recommends $missing; }

# Only the program is needed, not the service that its package starts.
case "$missing" in *prometheus*)
	! command -v systemctl >/dev/null || systemctl disable --now prometheus >/dev/null 2>&1 || true ;;
esac
