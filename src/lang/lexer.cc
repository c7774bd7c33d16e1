// Cuts a script into tokens; see lexer.h. The spelling of literals is bpftrace's (its language
// reference, "Literals").
#include "lang/lexer.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace gotap::lang {

namespace {

struct Symbol {
  std::string_view text;
  Tok kind;
};

// Longest first: the first that fits wins.
constexpr std::array<Symbol, 46> kSymbols{{
    {"<<=", Tok::ShlAssign}, {">>=", Tok::ShrAssign}, {"<<", Tok::Shl},
    {">>", Tok::Shr},        {"<=", Tok::LessEqual},  {">=", Tok::GreaterEqual},
    {"==", Tok::EqualEqual}, {"!=", Tok::NotEqual},   {"&&", Tok::AndAnd},
    {"||", Tok::OrOr},       {"++", Tok::Increment},  {"--", Tok::Decrement},
    {"+=", Tok::AddAssign},  {"-=", Tok::SubAssign},  {"*=", Tok::MulAssign},
    {"/=", Tok::DivAssign},  {"%=", Tok::ModAssign},  {"&=", Tok::AndAssign},
    {"|=", Tok::OrAssign},   {"^=", Tok::XorAssign},  {"->", Tok::Arrow},
    {"..", Tok::DotDot},     {"(", Tok::LParen},      {")", Tok::RParen},
    {"{", Tok::LBrace},      {"}", Tok::RBrace},      {"[", Tok::LBracket},
    {"]", Tok::RBracket},    {",", Tok::Comma},       {";", Tok::Semicolon},
    {":", Tok::Colon},       {"?", Tok::Question},    {".", Tok::Dot},
    {"=", Tok::Assign},      {"+", Tok::Plus},        {"-", Tok::Minus},
    {"*", Tok::Star},        {"/", Tok::Slash},       {"%", Tok::Percent},
    {"&", Tok::Amp},         {"|", Tok::Pipe},        {"^", Tok::Caret},
    {"~", Tok::Tilde},       {"!", Tok::Bang},        {"<", Tok::Less},
    {">", Tok::Greater},
}};

struct Suffix {
  std::string_view text;
  uint64_t factor;
  bool is_duration;
};

constexpr std::array<Suffix, 16> kSuffixes{{
    {"", 1, false},
    {"u", 1, false},
    {"l", 1, false},
    {"ul", 1, false},
    {"lu", 1, false},
    {"ll", 1, false},
    {"ull", 1, false},
    {"llu", 1, false},
    {"ns", 1, true},
    {"us", 1000, true},
    {"ms", 1000000, true},
    {"s", 1000000000, true},
    {"m", 60000000000, true},
    {"h", 3600000000000, true},
    {"d", 86400000000000, true},
    {"hz", 1, false},
}};

int digit_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

Number bad_number(std::string message) { return {0, false, std::move(message)}; }

const char* const kTooBig = "integer overflow: the number does not fit in 64 bits";

}  // namespace

Number parse_number(std::string_view text) {
  int base = 10;
  size_t i = 0;
  if (text.size() > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    i = 2;
  } else if (text.size() > 1 && text[0] == '0' && (is_digit(text[1]) || text[1] == '_')) {
    base = 8;
    i = 1;
  }
  Number number;
  bool any = base == 8;
  for (; i < text.size(); i++) {
    if (text[i] == '_' && any) continue;
    int digit = digit_value(text[i]);
    if (digit >= base) {
      if (base == 8 && digit < 10) return bad_number("octal numbers have digits 0 to 7 only");
      break;
    }
    any = true;
    if (__builtin_mul_overflow(number.value, static_cast<uint64_t>(base), &number.value) ||
        __builtin_add_overflow(number.value, static_cast<uint64_t>(digit), &number.value))
      return bad_number(kTooBig);
  }
  if (!any) return bad_number("a number needs at least one digit");
  if (base == 10 && i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    uint64_t exponent = 0;
    if (++i == text.size() || !is_digit(text[i]))
      return bad_number("the exponent must be a whole number, as in 1e6");
    for (; i < text.size() && is_digit(text[i]); i++)
      exponent = exponent > 99 ? exponent : exponent * 10 + static_cast<uint64_t>(text[i] - '0');
    // 0e99 is 0; for anything else 20 multiplications overflow at the latest.
    for (; exponent > 0 && number.value > 0; exponent--)
      if (__builtin_mul_overflow(number.value, uint64_t{10}, &number.value))
        return bad_number(kTooBig);
  }
  std::string suffix(text.substr(i));
  for (const Suffix& known : kSuffixes) {
    // Durations are lower case (5M is not five minutes), C's suffixes are either.
    if (known.is_duration ? suffix != known.text : to_lower(suffix) != known.text) continue;
    if (known.text == "hz") break;
    number.is_duration = known.is_duration;
    if (__builtin_mul_overflow(number.value, known.factor, &number.value))
      return bad_number(kTooBig);
    return number;
  }
  return bad_number("'" + suffix + "' is not a suffix of numbers");
}

Token Lexer::error(size_t begin, size_t end, std::string message, std::string hint) {
  Location location = lines_.at(begin, end);
  diagnostics_.push_back(
      {Diagnostic::Severity::Error, location, std::move(message), std::move(hint)});
  return {Tok::Error, location, "", 0};
}

void Lexer::skip_blanks() {
  while (position_ < text_.size()) {
    char c = text_[position_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v') {
      position_++;
    } else if (c == '/' && peek(1) == '/') {
      while (position_ < text_.size() && text_[position_] != '\n') position_++;
    } else if (c == '/' && peek(1) == '*') {
      size_t close = text_.find("*/", position_ + 2);
      if (close == std::string_view::npos) {
        error(position_, position_ + 2, "this comment does not end", "close it with */");
        position_ = text_.size();
      } else {
        position_ = close + 2;
      }
    } else {
      return;
    }
  }
}

Token Lexer::name(Tok kind) {
  size_t begin = position_;
  if (kind != Tok::Identifier) position_++;
  while (is_word(peek())) position_++;
  return make(kind, begin);
}

Token Lexer::number() {
  size_t begin = position_;
  while (is_word(peek())) position_++;
  Token token = make(Tok::Integer, begin);
  Number number = parse_number(token.text);
  if (!number.error.empty()) {
    return error(begin, position_, number.error);
  }
  token.integer = number.value;
  return token;
}

bool Lexer::escape(std::string& out) {
  size_t begin = position_++;
  char c = peek();
  position_++;
  switch (c) {
    case 'n': out += '\n'; return true;
    case 't': out += '\t'; return true;
    case 'r': out += '\r'; return true;
    case '\\': out += '\\'; return true;
    case '"': out += '"'; return true;
    case 'x': {
      int value = 0, digits = 0;
      while (digits < 2 && digit_value(peek()) < 16) {
        value = value * 16 + digit_value(peek());
        position_++;
        digits++;
      }
      if (digits > 0) {
        out += static_cast<char>(value);
        return true;
      }
      break;
    }
    default: {
      if (c < '0' || c > '7') break;
      int value = c - '0';
      for (int digits = 1; digits < 3 && peek() >= '0' && peek() <= '7'; digits++)
        value = value * 8 + (text_[position_++] - '0');
      if (value > 255) break;
      out += static_cast<char>(value);
      return true;
    }
  }
  if (position_ > text_.size()) position_ = text_.size();
  error(begin, position_,
        "invalid escape '" + std::string(text_.substr(begin, position_ - begin)) + "'",
        "a string may have \\n \\t \\r \\\\ \\\" \\0nn (octal) and \\xnn (hexadecimal)");
  return false;
}

Token Lexer::string_literal() {
  size_t begin = position_++;
  std::string value;
  bool good = true;
  while (true) {
    if (position_ >= text_.size() || text_[position_] == '\n')
      return error(begin, position_, "this string does not end on its line",
                   "close it with \"; a line break inside is written \\n");
    char c = text_[position_];
    if (c == '"') break;
    if (c == '\\') {
      if (peek(1) == '\n' || position_ + 1 >= text_.size()) {
        position_++;
        continue;
      }
      good = escape(value) && good;
    } else {
      value += c;
      position_++;
    }
  }
  position_++;
  Token token = make(good ? Tok::String : Tok::Error, begin);
  token.text = std::move(value);
  return token;
}

Token Lexer::type_name() {
  while (peek() == ' ' || peek() == '\t') position_++;
  if (peek() == '"') return string_literal();
  const size_t begin = position_;
  size_t open = 0;
  for (; position_ < text_.size() && text_[position_] != '\n'; position_++) {
    const char c = text_[position_];
    if (c == '(' || c == '[' || c == '{') open++;
    if (c != ')' && c != ']' && c != '}') continue;
    if (open == 0) break;
    open--;
  }
  if (peek() != ')')
    return error(begin, position_, "the name of the type does not end on its line",
                 "as in args.err.(*io/fs.PathError)");
  Token token = make(Tok::String, begin);
  while (!token.text.empty() && (token.text.back() == ' ' || token.text.back() == '\t'))
    token.text.pop_back();
  return token;
}

Token Lexer::next() {
  skip_blanks();
  size_t begin = position_;
  if (begin >= text_.size()) return make(Tok::End, begin);
  char c = text_[begin];
  if (is_letter(c)) return name(Tok::Identifier);
  if (is_digit(c)) return number();
  if (c == '"') return string_literal();
  if (c == '@') return name(Tok::Map);
  if (c == '$') {
    if (peek(1) == '#') {
      position_ += 2;
      return make(Tok::Param, begin);
    }
    if (is_digit(peek(1))) return name(Tok::Param);
    if (is_letter(peek(1))) return name(Tok::Variable);
    position_++;
    return error(begin, position_, "a variable needs a name after $");
  }
  for (const Symbol& symbol : kSymbols) {
    if (text_.substr(begin, symbol.text.size()) != symbol.text) continue;
    position_ += symbol.text.size();
    return make(symbol.kind, begin);
  }
  position_++;
  while (position_ < text_.size() && (static_cast<unsigned char>(text_[position_]) & 0xc0) == 0x80)
    position_++;
  std::string hint;
  if (c == '\'') hint = "strings are written in double quotes";
  if (c == '#') hint = "comments begin with //";
  return error(begin, position_,
               "unexpected character '" + std::string(text_.substr(begin, position_ - begin)) + "'",
               hint);
}

std::string describe(const Token& token) {
  switch (token.kind) {
    case Tok::End: return "the end of the script";
    case Tok::String: return "a string";
    default: return "'" + token.text + "'";
  }
}

}  // namespace gotap::lang
