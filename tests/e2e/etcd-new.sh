#!/usr/bin/env bash
# The same as etcd.sh on an etcd-server built by Go 1.24 or later.
GOTAP_TEST_SERVER=etcd-new exec "$(dirname "$0")/etcd.sh"
