# What gotap printed of a generated program (tests/programs/abi) against what the program printed
# of itself, line by line. Use: awk -f abi-compare.awk FLOATS NAMELESS PROGRAM-OUTPUT GOTAP-OUTPUT.
# Prints the differences, then `N functions, N values, N floats in registers, N places unknown,
# N differences`. A float in a register must be told as the one that the file FLOATS has for it.
# The place of a value may be unknown only in the functions of the file NAMELESS, as DWARF leaves
# out some of their arguments.
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
FILENAME == ARGV[2] { nameless[$1]; next }
FILENAME == ARGV[3] { expected[++lines] = $0; next }
# gotap ends its output with blank lines.
$0 == "" && seen == lines { next }
{
  if (++seen > lines) { differ("nothing more", $0); next }
  want = expected[seen]
  what = label(want)
  if (what != "") {
    if ($0 == what " <in " register[what] ">") floats++
    else differ(what " <in " register[what] ">", $0)
  } else if ($0 == want) {
    values++
    functions[name(want)]
  } else if (name(want) in nameless && without_place(want, $0)) {
    unknown++
  } else {
    differ(want, $0)
  }
}
function without_place(want, got) {
  return sub(/ <place unknown>$/, " ", got) && index(want, got) == 1
}
function differ(want, got) {
  differences++
  if (differences <= 20) print "program: " want "\ngotap:   " got
}
END {
  if (seen < lines) { print "gotap ends before: " expected[seen + 1]; differences += lines - seen }
  printf "%d functions, %d values, %d floats in registers, %d places unknown, %d differences\n", \
    length(functions), values, floats, unknown, differences
}
