#!/usr/bin/env bash
# dwarf-signatures.sh for Go 1.15, 1.19 and 1.21, whose DWARF leaves out parameters without names.
# Runs beside the others: it traces nothing.
GOTAP_TEST_VERSIONS="1.15 1.19 1.21" exec "$(dirname "$0")/dwarf-signatures.sh"
