#!/usr/bin/env bash
# Where lines of source have code, against GNU objdump: of each line that its decoded line table has,
# gotap's instructions are among those with which a statement begins there, or stand behind the stack check
# of their function; and so they are of a stripped program, by the table of functions alone.
# Runs beside the others: it traces nothing
: "${GOTAP_TEST_VERSIONS=1.15 1.24 1.27}"
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
need_gotap

# planned PROGRAM LINE...: `LINE ADDRESS` of gotap's plan.
planned() {
  local program=$1 line
  shift
  for line; do echo "uprobe:$program@loglines/main.go:$line { @[$line] = count(); }"; done > "$work/lines.bt"
  "$GOTAP" --dump plan "$work/lines.bt" 2> "$work/err" | awk -v lines="$*" '
    BEGIN { split(lines, line, " ") }
    /^program / { n = 0 }
    /^  clause / { clause[++n] = line[$2 + 1] }
    /^  0x/ { for (i = 1; i <= n; i++) print clause[i], $1 }' | sort -u
}

for version in $versions; do
  have_go "$version" || { skip "lines-$version" "$(no_go "$version")"; continue; }
  program=$(go_program "$version" loglines)
  # FILE LINE ADDRESS [VIEW] [x]: x where a statement begins; a line `-` ends a sequence. Of Go 1.15 the file is
  # the end of its path.
  objdump --dwarf=decodedline "$program" 2> /dev/null |
    awk '($1 == "main.go" || $1 ~ /loglines\/main.go$/) && $2 ~ /^[0-9]+$/ && $NF == "x" { print $2, $3 }' | sort -u > "$work/objdump"
  "$GOTAP" --dump plan -e "uprobe:$program:main.* { @ = count(); }" 2> /dev/null |
    awk '/^  0x/ { print $1 }' | sort -u > "$work/entries"
  mapfile -t lines < <(cut -d' ' -f1 "$work/objdump" | sort -nu)
  planned "$program" "${lines[@]}" > "$work/gotap"
  awk '
    FILENAME ~ /objdump$/ { statement[$1 " " $2] = 1; line[$1] = 1; next }
    FILENAME ~ /entries$/ { entry[$1] = 1; next }
    {
      sites++
      has[$1] = 1
      if (!(($1 " " $2) in statement)) {
        behind++
        if (!($2 in entry)) nearby[$1 " " $2] = 1
      }
    }
    END {
      for (l in line) { lines++; if (!(l in has)) print "line " l " has no site" }
      for (it in nearby) strange++
      print lines " lines, " sites " sites, " behind + 0 " behind a stack check, " strange + 0 " of these not the probe of the function"
    }' "$work/objdump" "$work/entries" "$work/gotap" > "$work/said"
  sed 's/^/# /' "$work/said"
  # Up to Go 1.20 the probe of a function is on the check itself, so the instruction behind it is none.
  if [ "${#lines[@]}" -gt 60 ] && ! grep -q 'has no site' "$work/said" &&
    { [ "${version#1.}" -lt 21 ] || grep -q ' 0 of these' "$work/said"; }; then
    pass "lines-$version"
  else
    fail "lines-$version" "$work/said" "$work/err"
  fi
  planned "$(go_program "$version" loglines stripped)" "${lines[@]}" > "$work/stripped"
  # It knows nothing of statements: where a line's code begins may be an instruction before.
  equal "lines-stripped-$version" "$(cut -d' ' -f1 "$work/gotap" | sort -u | wc -l)" \
    "$(cut -d' ' -f1 "$work/stripped" | sort -u | wc -l)" "$work/err"
done
finish
