#!/usr/bin/env bash
# Returns and entries in the test programs of the standard library of Go 1.19, against GNU objdump:
# the part of image-witness.sh that takes long.
# Runs beside the others: it reads files only.
GOTAP_TEST_VERSIONS=" " GOTAP_TEST_WITNESS=1.19 exec "$(dirname "$0")/image-witness.sh"
