# What gotap printed of a generated program (tests/programs/abi) against what the program printed
# of itself, line by line. Use: awk -v minor=N -f abi-compare.awk floats program-output gotap-output.
# Prints the differences, then `N functions, N values, N floats in registers, N unknown, N
# differences`. A float in a register must be told as that register, by the file `floats`. Up to
# Go 1.21 DWARF leaves out what has no name, and a signature may be unknown for it; up to 1.22 it
# does not say where captured variables are.
function label(line,   i) {
  for (i = length(line); i > 0; i--)
    if (substr(line, i, 1) == " " && substr(line, 1, i - 1) in register) return substr(line, 1, i - 1)
  return ""
}
function name(line) { return substr(line, 1, index(line, " ") - 1) }
FILENAME == ARGV[1] {
  reg = $NF
  sub(/ [^ ]*$/, "")
  register[$0] = reg
  next
}
FILENAME == ARGV[2] { expected[++lines] = $0; next }
{
  if (++seen > lines) { differ("nothing more", $0); next }
  want = expected[seen]
  function_of[name(want)]
  what = label(want)
  if (what != "") {
    if ($0 == what " <in " register[what] ">") floats++
    else if (allowed(want, $0)) unknown++
    else differ(what " <in " register[what] ">", $0)
  } else if ($0 == want) {
    values++
    whole[name(want)]
  } else if (allowed(want, $0)) {
    unknown++
  } else {
    differ(want, $0)
  }
}
function allowed(want, got,   common) {
  if (name(want) != name(got)) return 0
  if (minor <= 21 && got ~ /<signature unknown: DWARF of Go 1\.[0-9]+ leaves out/) return 1
  return minor <= 22 && want ~ /^F[0-9]+ (len\(|cap\(|typeof\()?\*?captured/ && got ~ /<.*>$/
}
function differ(want, got) {
  differences++
  if (differences <= 20) print "program: " want "\ngotap:   " got
}
END {
  if (seen < lines) { print "gotap ends before: " expected[seen + 1]; differences += lines - seen }
  printf "%d functions, %d values, %d floats in registers, %d unknown, %d differences\n", \
    length(whole), values, floats, unknown, differences
}
