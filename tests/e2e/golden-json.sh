#!/usr/bin/env bash
# Every script of tests/golden/bpftrace under -f json, compared with bpftrace 0.27 to the byte.
#   tests/e2e/golden-json.sh [NAME...]     default: all
exec "$(dirname "$0")/golden.sh" --json "$@"
