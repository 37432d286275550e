#!/usr/bin/env bash
# Builds an image with buildah, which needs neither a daemon nor a registry, and writes it as a docker-archive.
#
#   image/build.sh telepod|collector [OUT]     default bin/NAME-image.tar
#
# ARCH (amd64, arm64; default the machine's), VERSION and IMAGE (the name in the archive) come from the
# environment. Runs as root, or in a user namespace of buildah's own.
set -euo pipefail
cd "$(dirname "$0")/.."

name=${1:-}
out=${2:-bin/$name-image.tar}
arch=${ARCH:-$(go env GOARCH)}
version=${VERSION:-$(sed -n 's/^appVersion: *//p' charts/telepod/Chart.yaml)}
image=${IMAGE:-ghcr.io/telepod/$name:$version}
roots=/etc/ssl/certs/ca-certificates.crt

install_missing() {
	local packages=()
	command -v buildah >/dev/null || packages+=(buildah)
	[ -s "$roots" ] || packages+=(ca-certificates)
	[ ${#packages[@]} -eq 0 ] && return
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "image/build.sh: install ${packages[*]} first" >&2
		exit 1
	fi
	echo "installing ${packages[*]}"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -yqq --no-install-recommends "${packages[@]}" >/dev/null
}

# compile DIRECTORY PACKAGE PROGRAM [LDFLAGS]
compile() {
	(set -x; cd "$1" && CGO_ENABLED=0 GOOS=linux GOARCH=$arch go build -trimpath -buildvcs=false -ldflags "-s -w ${4:-}" \
		-o "$OLDPWD/bin/$3-linux-$arch" "$2")
}

mkdir -p bin
case $name in
telepod) compile . ./cmd/telepod telepod "-X main.version=$version" ;;
collector)
	compile collector/distribution . otelcol
	compile collector ./supervisor/cmd/collector-supervisor collector-supervisor
	;;
*)
	echo "image/build.sh: ${name:-no image} is not an image of this project: use telepod or collector" >&2
	exit 2
	;;
esac
install_missing
mkdir -p "$(dirname "$out")"
cp "$roots" bin/ca-certificates.crt

# A store of its own, removed at the end: the user's images are left alone.
store=$(mktemp -d)
trap 'rm -rf "$store"' EXIT
buildah() { command buildah --storage-driver vfs --root "$store/root" --runroot "$store/run" "$@"; }

buildah build --quiet --isolation chroot --arch "$arch" --timestamp 0 \
	--build-arg "TARGETARCH=$arch" --build-arg "VERSION=$version" \
	--tag "$image" --file "image/$name.Dockerfile" . >/dev/null
rm -f "$out"
buildah push --quiet "$image" "docker-archive:$out:$image"
echo "$out: $image, linux/$arch, $(du -h "$out" | cut -f1), $(gzip -1 -c "$out" | wc -c | numfmt --to=iec) compressed"
