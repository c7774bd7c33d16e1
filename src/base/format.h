// Format: a printf format string taken apart once, by the checker, and applied by the output.
#pragma once

#include <string>
#include <vector>

namespace gotap {

/// One piece of a format: literal text, or one conversion that consumes one argument.
struct FormatPiece {
  std::string literal;      ///< text to print as it is (`%%` already made `%`); else empty
  char conversion = 0;      ///< d i u o x X c s p r f F e E g G v; 0 for a literal piece
  std::string flags;        ///< of - + space # 0, in the order written
  int width = -1;           ///< -1: none
  bool star_width = false;  ///< `*`: the width is an argument of its own, before the value
  int precision = -1;       ///< -1: none
  std::string length;       ///< hh h l ll j z t, or empty; of r: x or h, how bytes are shown
  /// No length is given, but the argument is known to have 64 bits: %d shows all of them
  /// where bpftrace would show a wrong number.
  bool wide = false;
};

struct Format {
  std::string text;  ///< as written, escapes resolved
  std::vector<FormatPiece> pieces;
};

}  // namespace gotap
