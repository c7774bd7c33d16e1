// Lexer: the words of a script, one at a time. Entry point: Lexer::next(). The parser drives it
// on demand, because a probe's path and function are not made of words and are cut out of the
// text by probe_spec.cc instead.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lang/diag.h"

namespace gotap::lang {

enum class Tok : uint8_t {
  End,
  Error,  ///< already reported
  Identifier,
  Integer,
  String,
  Variable,  ///< $name; text holds it with its $
  Map,       ///< @name; text holds it with its @
  Param,     ///< $1, $#
  LParen,
  RParen,
  LBrace,
  RBrace,
  LBracket,
  RBracket,
  Comma,
  Semicolon,
  Colon,
  Question,
  Dot,
  DotDot,
  Arrow,
  Assign,
  AddAssign,
  SubAssign,
  MulAssign,
  DivAssign,
  ModAssign,
  ShlAssign,
  ShrAssign,
  AndAssign,
  OrAssign,
  XorAssign,
  Increment,
  Decrement,
  Plus,
  Minus,
  Star,
  Slash,
  Percent,
  Amp,
  Pipe,
  Caret,
  Tilde,
  Bang,
  Shl,
  Shr,
  EqualEqual,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  AndAnd,
  OrOr,
};

struct Token {
  Tok kind = Tok::End;
  Location location;
  std::string text;      ///< names; the bytes of a string, escapes resolved
  uint64_t integer = 0;  ///< Integer
};

/// A number with everything the language lets follow it: 10, 0x1f, 0755, 1e6, 1_000, 100ms
/// (nanoseconds), 10UL. `text` is the whole word.
struct Number {
  uint64_t value = 0;
  bool is_duration = false;
  std::string error;  ///< not empty: why the word is not a number
};
Number parse_number(std::string_view text);

class Lexer {
 public:
  Lexer(std::string_view text, const LineMap& lines, Diagnostics& diagnostics)
      : text_(text), lines_(lines), diagnostics_(diagnostics) {}

  /// The next token, or End for ever. Reports what is no token.
  Token next();
  /// Steps over blanks and comments. Reports a comment that does not end.
  void skip_blanks();

  size_t position() const { return position_; }
  void seek(size_t position) { position_ = position; }
  std::string_view text() const { return text_; }
  Location at(size_t begin, size_t end) const { return lines_.at(begin, end); }

  /// The rest of a type's name up to the parenthesis that closes it, which is left: what stands
  /// behind `.(`. Import paths have dots, slashes and dashes in them. Reports an end of the line
  /// in it.
  Token type_name();

  /// The string literal at position(), which is at its opening quote.
  Token string_literal();

 private:
  Token number();
  Token name(Tok kind);
  bool escape(std::string& out);
  Token error(size_t begin, size_t end, std::string message, std::string hint = "");
  Token make(Tok kind, size_t begin) const {
    return {kind, lines_.at(begin, position_), std::string(text_.substr(begin, position_ - begin)),
            0};
  }
  char peek(size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }

  std::string_view text_;
  const LineMap& lines_;
  Diagnostics& diagnostics_;
  size_t position_ = 0;
};

/// ASCII only, whatever the locale.
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
inline bool is_word(char c) { return is_letter(c) || is_digit(c); }

/// How messages call a token: "'+='", "a string", "the end of the script".
std::string describe(const Token& token);

}  // namespace gotap::lang
