#!/usr/bin/env bash
# Takes pictures of a report, light and dark, 1280 pixels wide: OUT/light.png and OUT/dark.png.
# Needs Debian's packages chromium and, for the font in the README, fonts-inter.
#
#   test/report/screenshot.sh OUT REPORT.html [HEIGHT]
set -euo pipefail
out=${1:?screenshot.sh: name the directory for the pictures}
page=$(realpath "${2:?screenshot.sh: name the report, such as bin/demo-report.html}")
mkdir -p "$out"
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
for scheme in light dark; do
	# In blink's settings 0 is dark and 1 is light.
	preferred=1; [ "$scheme" = light ] || preferred=0
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$profile" \
		--blink-settings=preferredColorScheme=$preferred --force-device-scale-factor="${SCALE:-1}" \
		--window-size="${WIDTH:-1280},${3:-2050}" --screenshot="$out/$scheme.png" "file://$page" 2>/dev/null
	echo "$out/$scheme.png"
done
