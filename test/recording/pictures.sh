#!/usr/bin/env bash
# Renews the pictures of commands in docs/images: explain, and, if a kubeconfig is named, check and drill. They need the
# clusters of `make demo DEMO=-keep`; the drill takes the primary site down for a moment.
#
#   test/recording/pictures.sh [KUBECONFIG S3_ENDPOINT]
set -euo pipefail
cd "$(dirname "$0")/../.."
make --no-print-directory build
export PATH=$PWD/bin:$PATH
record() { go run ./test/recording/record "docs/images/$1.svg" "${@:2}"; }

record explain 'telepod explain -f test/demo/offline/manifests/mistake.yaml'
[ $# -gt 0 ] || exit 0
export KUBECONFIG=$1 AWS_ACCESS_KEY_ID=example AWS_SECRET_ACCESS_KEY=example AWS_REGION=us-east-1
record check 'telepod check --context shop-use1'
drill='telepod drill failover --contexts shop-use1,shop-euw1,shop-eas --primary shop-use1 --backup shop-euw1 --method scale --bucket archive'
# Its progress; the report is on standard output.
record drill "$drill" "$drill --bucket-endpoint $2 --baseline 3s --duration 10s --max-duplicated -1 --yes >/dev/null"
