#!/usr/bin/env bash
# dwarf-signatures.sh for Go 1.22 to 1.24.
# Runs beside the others: it traces nothing.
GOTAP_TEST_VERSIONS="1.22 1.23 1.24" exec "$(dirname "$0")/dwarf-signatures.sh"
