#!/usr/bin/env bash
# dwarf-signatures.sh for the older versions of Go.
GOTAP_TEST_VERSIONS="1.15 1.19 1.21 1.22" exec "$(dirname "$0")/dwarf-signatures.sh"
