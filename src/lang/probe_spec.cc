// Reads attach points; see probe_spec.h. Provider names and their short forms are bpftrace's
// (its reference, "Probes"); what a bare Go name may hold is decided in the project's design:
// brackets and parentheses belong to the name with all that stands in them.
#include "lang/probe_spec.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "lang/ast.h"

namespace gotap::lang {

namespace {

struct Provider {
  std::string_view name;
  std::optional<ProbeKind> kind;  ///< nothing: one of bpftrace's that gotap does not have
};

constexpr std::array<Provider, 31> kProviders{{
    {"begin", ProbeKind::Begin},
    {"end", ProbeKind::End},
    {"interval", ProbeKind::Interval},
    {"i", ProbeKind::Interval},
    {"uprobe", ProbeKind::Uprobe},
    {"u", ProbeKind::Uprobe},
    {"uretprobe", ProbeKind::Uretprobe},
    {"ur", ProbeKind::Uretprobe},
    {"kprobe", {}},
    {"k", {}},
    {"kretprobe", {}},
    {"kr", {}},
    {"tracepoint", {}},
    {"t", {}},
    {"rawtracepoint", {}},
    {"rt", {}},
    {"usdt", {}},
    {"profile", {}},
    {"p", {}},
    {"software", {}},
    {"s", {}},
    {"hardware", {}},
    {"h", {}},
    {"watchpoint", {}},
    {"w", {}},
    {"iter", {}},
    {"fentry", {}},
    {"fexit", {}},
    {"kfunc", {}},
    {"kretfunc", {}},
    {"self", {}},
}};

struct Unit {
  std::string_view name;
  uint64_t ns;
};
constexpr std::array<Unit, 4> kUnits{
    {{"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"hz", 1000000000}}};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class SpecReader {
 public:
  SpecReader(Lexer& lexer, const Parameters& parameters, Diagnostics& diagnostics)
      : lexer_(lexer),
        text_(lexer.text()),
        parameters_(parameters),
        diagnostics_(diagnostics),
        begin_(lexer.position()),
        expanded_to_(begin_) {}

  std::optional<ProbeSpec> read();

 private:
  /// A part of the spec: bare text and quoted strings, put together.
  struct Part {
    std::string text;
    bool quoted = false;                 ///< some of it was
    std::string bare_end;                ///< what followed the last quote, or all of it
    size_t at_sign = std::string::npos;  ///< the last @ that stands in no quotes
    size_t begin = 0;
  };

  char peek() const { return position() < text_.size() ? text_[position()] : '\0'; }
  size_t position() const { return lexer_.position(); }
  void step() { lexer_.seek(position() + 1); }
  bool at_end() const { return position() >= text_.size(); }

  std::nullopt_t error(size_t begin, std::string message, std::string hint = "") {
    diagnostics_.push_back({Diagnostic::Severity::Error, lexer_.at(begin, position()),
                            std::move(message), std::move(hint)});
    return std::nullopt;
  }
  std::optional<Provider> provider();
  bool at_parameter() const {
    return peek() == '$' && position() + 1 < text_.size() && is_digit(text_[position() + 1]);
  }
  std::optional<std::string> parameter();
  std::optional<std::string> word();
  std::optional<Part> part(bool is_path);
  bool bare_name(Part& part);
  std::optional<uint64_t> interval();
  bool target(ProbeSpec& spec);
  std::optional<bool> source_line(const Part& path, ProbeSpec& spec);
  bool number(std::string_view word, size_t begin, uint64_t* value);

  Lexer& lexer_;
  std::string_view text_;
  const Parameters& parameters_;
  Diagnostics& diagnostics_;
  size_t begin_;
  std::string expanded_;  ///< the spec with its parameters' text, up to expanded_to_
  size_t expanded_to_;
};

std::optional<Provider> SpecReader::provider() {
  while (is_word(peek())) step();
  std::string word = to_lower(text_.substr(begin_, position() - begin_));
  for (const Provider& provider : kProviders)
    if (provider.name == word) return provider;
  if (word.empty()) {
    if (!at_end()) step();
    return error(begin_, "a probe is expected here", "as in uprobe:./app:main.work { ... }");
  }
  std::vector<std::string_view> names;
  for (const Provider& provider : kProviders)
    if (provider.kind && provider.name.size() > 2) names.push_back(provider.name);
  auto nearest = nearest_names(word, names, 1);
  std::string hint = nearest.empty()
                         ? "probes are BEGIN, END, interval, uprobe and uretprobe; a comma "
                           "separates them unless it stands in quotes or brackets"
                         : "did you mean " + nearest[0] + "?";
  return error(begin_, "unknown probe type '" + word + "'", hint);
}

// The text of $N. What was not given is an error: whatever is left would be another probe.
std::optional<std::string> SpecReader::parameter() {
  const size_t begin = position();
  step();
  while (is_digit(peek())) step();
  const std::string name(text_.substr(begin, position() - begin));
  uint64_t number = 0;
  for (char c : name.substr(1)) number = std::min<uint64_t>(number * 10 + (c - '0'), UINT32_MAX);
  if (number == 0 || number > parameters_.size() || parameters_[number - 1].empty()) {
    return error(begin, "positional parameter " + name + " is empty or not provided",
                 "parameters stand behind the script: gotap SCRIPT PARAMETER...");
  }
  expanded_ += text_.substr(expanded_to_, begin - expanded_to_);
  expanded_ += parameters_[number - 1];
  expanded_to_ = position();
  return parameters_[number - 1];
}

// A run of letters and digits.
std::optional<std::string> SpecReader::word() {
  std::string text;
  while (is_word(peek()) || at_parameter()) {
    if (at_parameter()) {
      auto value = parameter();
      if (!value) return std::nullopt;
      text += *value;
    } else {
      text += peek();
      step();
    }
  }
  return text;
}

// Bare text of a function's name: up to a blank, a comma or a brace outside of brackets.
bool SpecReader::bare_name(Part& part) {
  std::string closers;
  size_t open = position();
  while (!at_end() && peek() != '\n') {
    if (at_parameter()) {
      auto value = parameter();
      if (!value) return false;
      part.text += *value;
      part.bare_end += *value;
      continue;
    }
    char c = peek();
    if (closers.empty() && (is_blank(c) || c == ',' || c == '{' || c == '"')) break;
    if (c == '(' || c == '[') {
      if (closers.empty()) open = position();
      closers += c == '(' ? ')' : ']';
    }
    if ((c == ')' || c == ']') && !closers.empty() && closers.back() == c) closers.pop_back();
    part.text += c;
    part.bare_end += c;
    step();
  }
  if (closers.empty()) return true;
  error(open, std::string("this bracket is not closed: '") + closers.back() + "' is missing",
        "a function name may stand in quotes");
  return false;
}

std::optional<SpecReader::Part> SpecReader::part(bool is_path) {
  Part part;
  part.begin = position();
  while (!at_end()) {
    char c = peek();
    if (c == '"') {
      Token token = lexer_.string_literal();
      if (token.kind == Tok::Error) return std::nullopt;
      part.text += token.text;
      part.quoted = true;
      part.bare_end.clear();
    } else if (is_blank(c) || c == ',' || c == '{' || (is_path && c == ':')) {
      break;
    } else if (is_path && at_parameter()) {
      auto value = parameter();
      if (!value) return std::nullopt;
      part.text += *value;
    } else if (is_path) {
      if (c == '@') part.at_sign = part.text.size();
      part.text += c;
      step();
    } else if (!bare_name(part)) {
      return std::nullopt;
    }
  }
  return part;
}

bool SpecReader::number(std::string_view word, size_t begin, uint64_t* value) {
  Number number = parse_number(word);
  if (number.error.empty() && !number.is_duration) {
    *value = number.value;
    return true;
  }
  error(begin, number.error.empty() ? "a plain number is expected here" : number.error);
  return false;
}

std::optional<uint64_t> SpecReader::interval() {
  static const char* const kHint =
      "as in interval:s:1, interval:ms:100, interval:hz:10 or interval:1s";
  size_t begin = position();
  auto first = word();
  if (!first) return std::nullopt;
  Number number;
  if (peek() == ':') {
    const Unit* unit = nullptr;
    for (const Unit& known : kUnits)
      if (known.name == *first) unit = &known;
    if (!unit) return error(begin, "unknown unit '" + *first + "' of an interval", kHint);
    step();
    auto count = word();
    if (!count) return std::nullopt;
    number = parse_number(*count);
    if (number.is_duration) number.error = "a plain number is expected after the unit";
    if (number.error.empty() && unit->name == "hz")
      number.value = number.value ? unit->ns / number.value : 0;
    else if (number.error.empty() && __builtin_mul_overflow(number.value, unit->ns, &number.value))
      number.error = "this interval is too long";
  } else {
    number = parse_number(*first);
    if (number.error.empty() && !number.is_duration) number.error = "an interval needs a unit";
  }
  if (!number.error.empty()) return error(begin, number.error, kHint);
  if (number.value == 0) return error(begin, "an interval must be longer than zero", kHint);
  if (number.value > static_cast<uint64_t>(INT64_MAX))
    return error(begin, "this interval is too long", kHint);
  return number.value;
}

// `+N` behind a name, or an address in its place.
bool SpecReader::target(ProbeSpec& spec) {
  std::optional<Part> name = part(false);
  if (!name) return false;
  std::string text = name->text;
  std::string& tail = name->bare_end;
  size_t plus = tail.rfind('+');
  bool has_offset =
      plus != std::string::npos && tail.find_first_of("()[]", plus) == std::string::npos;
  if (name->quoted && !tail.empty() && !has_offset) {
    error(name->begin, "after a quoted name only an offset may stand: '" + tail + "'",
          "as in \"main.swap\"+40; a predicate needs a blank before it");
    return false;
  }
  if (has_offset) {
    uint64_t offset = 0;
    const size_t at = expanded_to_ > begin_ ? name->begin : position() - (tail.size() - plus);
    if (!number(std::string_view(tail).substr(plus + 1), at, &offset)) return false;
    spec.offset = offset;
    text.resize(text.size() - (tail.size() - plus));
  }
  if (text.empty()) {
    error(begin_, "the name of the function is missing", "as in uprobe:./app:main.work");
    return false;
  }
  if (!name->quoted && is_digit(text[0])) {
    uint64_t address = 0;
    if (!number(text, name->begin, &address)) return false;
    spec.address = address;
    if (spec.offset) {
      error(name->begin, "an address takes no offset", "add them up");
      return false;
    }
  } else {
    spec.function = std::move(text);
  }
  if (spec.kind == ProbeKind::Uretprobe && (spec.offset || spec.address)) {
    error(begin_, "a uretprobe is on a whole function: it takes no offset and no address",
          "a uprobe does");
    return false;
  }
  return true;
}

// `PATH@FILE:LINE`, where the file's name has an extension: paths hold @ too (module@v1.2/app), but
// then a function follows, or a number behind a directory. Nothing: it is meant, but wrong.
std::optional<bool> SpecReader::source_line(const Part& path, ProbeSpec& spec) {
  if (path.at_sign == std::string::npos) return false;
  const std::string file = path.text.substr(path.at_sign + 1);
  const size_t begin = position();
  size_t end = begin;
  while (end < text_.size() && is_digit(text_[end])) end++;
  const bool is_line = end > begin && (end == text_.size() || is_blank(text_[end]) ||
                                       text_[end] == ',' || text_[end] == '{');
  if (!is_line || file.substr(file.rfind('/') + 1).find('.') == std::string::npos) return false;
  uint64_t line = 0;
  for (size_t at = begin; at < end; at++)
    line = std::min<uint64_t>(line * 10 + static_cast<uint64_t>(text_[at] - '0'), UINT32_MAX);
  lexer_.seek(end);
  if (spec.kind == ProbeKind::Uretprobe)
    return error(begin_, "a line of source has no return: uretprobe takes a whole function",
                 "a uprobe is for lines, too");
  if (line == 0) return error(begin, "lines count from 1");
  spec.path = path.text.substr(0, path.at_sign);
  if (spec.path.empty()) return error(begin_, "the path of the program is missing");
  spec.file = file;
  spec.line = static_cast<uint32_t>(line);
  return true;
}

std::optional<ProbeSpec> SpecReader::read() {
  std::optional<Provider> provider = this->provider();
  if (!provider) return std::nullopt;
  if (!provider->kind) {
    return error(
        begin_, std::string(provider->name) + " probes are not supported",
        "gotap traces functions of user programs: uprobe, uretprobe, interval, BEGIN, END");
  }
  ProbeSpec spec;
  spec.kind = *provider->kind;
  if (spec.kind != ProbeKind::Begin && spec.kind != ProbeKind::End) {
    bool is_interval = spec.kind == ProbeKind::Interval;
    if (peek() != ':') {
      return error(begin_, std::string(name(spec.kind)) + " needs more: where to probe",
                   is_interval ? "as in interval:s:1" : "as in uprobe:./app:main.work");
    }
    step();
    if (is_interval) {
      auto ns = interval();
      if (!ns) return std::nullopt;
      spec.interval_ns = *ns;
    } else {
      auto path = part(true);
      if (!path) return std::nullopt;
      if (path->text.empty()) return error(begin_, "the path of the program is missing");
      if (path->text.find('\0') != std::string::npos)
        return error(begin_, "no path holds a NUL character");
      if (peek() != ':') {
        return error(begin_, "a path and a function are expected",
                     "as in uprobe:./app:main.work: one of the two is missing");
      }
      step();
      spec.path = path->text;
      const auto is_line = source_line(*path, spec);
      if (!is_line || (!*is_line && !target(spec))) return std::nullopt;
    }
  }
  spec.location = lexer_.at(begin_, position());
  spec.text = expanded_;
  spec.text += text_.substr(expanded_to_, position() - expanded_to_);
  return spec;
}

}  // namespace

std::optional<ProbeSpec> parse_probe_spec(Lexer& lexer, const Parameters& parameters,
                                          Diagnostics& diagnostics) {
  return SpecReader(lexer, parameters, diagnostics).read();
}

}  // namespace gotap::lang
