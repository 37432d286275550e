#!/usr/bin/env bash
# Builds the project's image with buildah, which needs neither a daemon nor a registry, and writes it as
# a docker-archive.
#
#   test/image/build.sh [OUT]     default bin/telepod-image.tar
#
# ARCH (amd64, arm64; default the machine's), VERSION and IMAGE (the name in the archive) come from the
# environment. Runs as root, or in a user namespace of buildah's own.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=${1:-bin/telepod-image.tar}
arch=${ARCH:-$(go env GOARCH)}
version=${VERSION:-$(sed -n 's/^appVersion: *//p' charts/telepod/Chart.yaml)}
image=${IMAGE:-docker.io/telepod/telepod:$version}
roots=/etc/ssl/certs/ca-certificates.crt

install_missing() {
	local packages=()
	command -v buildah >/dev/null || packages+=(buildah)
	[ -s "$roots" ] || packages+=(ca-certificates)
	[ ${#packages[@]} -eq 0 ] && return
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "test/image/build.sh: install ${packages[*]} first" >&2
		exit 1
	fi
	echo "installing ${packages[*]}"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends "${packages[@]}" >/dev/null
}

install_missing
mkdir -p bin "$(dirname "$out")"
CGO_ENABLED=0 GOOS=linux GOARCH=$arch go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$version" \
	-o "bin/telepod-linux-$arch" ./cmd/telepod
cp "$roots" bin/ca-certificates.crt

# A store of its own, removed at the end: the user's images are left alone.
store=$(mktemp -d)
trap 'rm -rf "$store"' EXIT
buildah() { command buildah --storage-driver vfs --root "$store/root" --runroot "$store/run" "$@"; }

buildah build --quiet --isolation chroot --arch "$arch" --timestamp 0 \
	--build-arg "TARGETARCH=$arch" --build-arg "VERSION=$version" \
	--tag "$image" --file Dockerfile . >/dev/null
rm -f "$out"
buildah push --quiet "$image" "docker-archive:$out:$image"
echo "$out: $image, linux/$arch, $(du -h "$out" | cut -f1)"
