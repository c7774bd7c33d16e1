# shellcheck shell=bash
# What frames.sh and exactly-once.sh share: lists of probes over tests/programs/counters.

# probes KIND BINARY REGEX: `KIND:BINARY:"F",\nKIND:...` for the program's functions whose
# line of `counters -list` matches REGEX; paths as given.
probes() {
  "$2" -list | grep -E "$3" | sed -E "s|^[a-z]+ (.*)$|$1:$2:\"\1\"|" | paste -sd, | sed 's/",/",\n/g'
}

# Instantiations of one generic function are one line of the program's counts: `[...]` -> `*`.
generic_names() {
  sed -E '/\(\*PBox|main\.PSum/s/\[[^]]*\]/*/' | awk '
    { n[$1] += $2 } END { for (name in n) print name, n[name] }' | sort
}
