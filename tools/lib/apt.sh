# Private apt: indexes and packages of any Debian suite without touching the machine's own apt
# state. Sourced by the fetchers; entry points: apt_suite, apt_version, apt_deb, apt_src.
# Facts: apt.conf(5) (Dir::*, -c is read after the machine's configuration), sources.list(5),
# apt-get(8) (`update` exits 0 on a failed index unless APT::Update::Error-Mode is `any`).
# shellcheck shell=bash

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
apt_root=${GOTAP_APT_CACHE:-$top/build/.cache/apt}

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

# The mirror this machine uses for Debian itself, without a trailing slash.
debian_mirror() {
  local site
  site=${GOTAP_MIRROR:-$(apt-get indextargets --format "\$(SITE)" 'Created-By: Packages' 2>/dev/null |
    grep -m1 -E '/debian/?$' || true)}
  site=${site:-http://deb.debian.org/debian}
  printf '%s' "${site%/}"
}

# apt_suite SUITE: prepares SUITE's private configuration and refreshes its indexes when they are
# older than a day. Fails if the suite cannot be read.
apt_suite() {
  local suite=$1 dir=$apt_root/$1 mirror
  mkdir -p "$dir"/{lists/partial,cache/archives/partial,etc}
  mirror=$(debian_mirror)
  cat > "$dir/etc/sources.list" <<EOT
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main
deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main
EOT
  : >> "$dir/status"
  cat > "$dir/apt.conf" <<EOT
Dir::Etc::sourcelist "$dir/etc/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache";
Dir::Cache::archives "$dir/cache/archives";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
APT::Get::List-Cleanup "false";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
EOT
  # Several fetchers may run at once; one of them refreshes.
  (
    flock 9
    if [ -z "$(find "$dir/fresh" -mmin -1440 2>/dev/null)" ]; then
      say "reading the package index of $suite from $mirror"
      apt-get -q -c "$dir/apt.conf" update > "$dir/update.log" 2>&1 || {
        tail -n 5 "$dir/update.log" >&2
        return 1
      }
      touch "$dir/fresh"
    fi
  ) 9> "$dir/lock"
}

# apt_version SUITE PACKAGE: the version the suite has now; empty when it has none.
apt_version() {
  apt-cache -c "$apt_root/$1/apt.conf" madison "$2" 2>/dev/null |
    awk -F'|' '$3 ~ /Packages/ { gsub(/ /, "", $2); print $2; exit }'
}

# apt_deb SUITE DIR PACKAGE...: downloads the packages (not their dependencies) into DIR.
apt_deb() {
  local suite=$1 dir=$2
  shift 2
  (cd "$dir" && apt-get -q -q -c "$apt_root/$suite/apt.conf" download "$@" >&2)
}

# apt_src SUITE DIR PACKAGE: downloads a source package into DIR, verified, not unpacked.
apt_src() {
  (cd "$2" && apt-get -q -q -c "$apt_root/$1/apt.conf" source --download-only --only-source "$3" >&2)
}

# fetch_each NAME...: calls the script itself with `--one NAME` for each, and ends it: 1 if one could
# not be fetched, else 77 if one has vanished, else 0.
fetch_each() {
  local name code failed=0 vanished=0
  for name in "$@"; do
    code=0
    # A process of its own: inside `f || ...` the shell would not stop at errors.
    "$0" --one "$name" || code=$?
    case $code in
      0) ;;
      77) vanished=$((vanished + 1)) ;;
      *) say "$name: could not be fetched"; failed=$((failed + 1)) ;;
    esac
  done
  [ "$failed" = 0 ] || exit 1
  [ "$vanished" = 0 ] || exit 77
}
