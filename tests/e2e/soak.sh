#!/usr/bin/env bash
# Half a minute of the soak (`./dev soak`, tests/soak/run): the oldest way of Go to pass arguments
# and the newest that has a stable frame, without the servers, which have tests of their own.
exec "$(dirname "$0")/../soak/run" --minutes 0.5 --cycles 10 --server-minutes 0 --seed 1 \
  --versions "${GOTAP_TEST_VERSIONS:-1.15 1.24}"
