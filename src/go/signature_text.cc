// A recursive-descent parser of Go's parameter lists and types (go.dev/ref/spec, Types).
#include "go/signature_text.h"

#include <charconv>
#include <optional>

#include "base/text.h"
#include "go/versions.h"

namespace gotap::go {
namespace {

constexpr int kMaxTextDepth = 100;
constexpr uint64_t kMaxArray = 1u << 30;

struct Builtin {
  std::string_view name;
  TypeKind kind;
  uint32_t size, align;
};
constexpr Builtin kBuiltins[] = {
    {"bool", TypeKind::Bool, 1, 1},
    {"int", TypeKind::Int, 8, 8},
    {"int8", TypeKind::Int, 1, 1},
    {"int16", TypeKind::Int, 2, 2},
    {"int32", TypeKind::Int, 4, 4},
    {"int64", TypeKind::Int, 8, 8},
    {"uint", TypeKind::Uint, 8, 8},
    {"uint8", TypeKind::Uint, 1, 1},
    {"uint16", TypeKind::Uint, 2, 2},
    {"uint32", TypeKind::Uint, 4, 4},
    {"uint64", TypeKind::Uint, 8, 8},
    {"uintptr", TypeKind::Uint, 8, 8},
    {"float32", TypeKind::Float, 4, 4},
    {"float64", TypeKind::Float, 8, 8},
    {"complex64", TypeKind::Complex, 8, 4},
    {"complex128", TypeKind::Complex, 16, 8},
    {"string", TypeKind::String, 16, 8},
    {"error", TypeKind::Interface, 16, 8},
    {"unsafe.Pointer", TypeKind::UnsafePointer, 8, 8},
};

bool is_letter(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_path(char c) {
  return is_letter(c) || c == '.' || c == '/' || c == '-' || c == '~' || c == '%' || c == '+';
}
bool is_keyword(std::string_view word) {
  return word == "map" || word == "chan" || word == "func" || word == "interface" ||
         word == "struct";
}

class Parser {
 public:
  Parser(std::string_view text, const TypeInfo& info, Types& types,
         const std::function<std::vector<std::string>()>& type_names)
      : text_(text), info_(info), types_(types), type_names_(type_names) {}
  Result<WrittenSignature> signature();

 private:
  struct Entry {
    std::string name;
    TypeId type = kNoType;
    bool variadic = false;
  };

  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n'))
      at_++;
  }
  bool starts(std::string_view what) {
    blanks();
    return text_.substr(at_, what.size()) == what;
  }
  bool take(std::string_view what) {
    if (!starts(what)) return false;
    at_ += what.size();
    return true;
  }
  bool take_word(std::string_view what) {
    blanks();
    if (word() != what) return false;
    at_ += what.size();
    return true;
  }
  /// The identifier that stands here, not taken.
  std::string_view word() {
    blanks();
    size_t end = at_;
    while (end < text_.size() && is_letter(text_[end])) end++;
    return text_.substr(at_, end - at_);
  }
  Error expected(const std::string& what) {
    blanks();
    const std::string found(text_.substr(at_, 20));
    return Error{"the signature \"" + std::string(text_) + "\" has " +
                     (found.empty() ? "its end" : "\"" + found + "\"") + " where " + what +
                     " should be",
                 "write it as in Go: main.(*Store).Put(key string, n int) (rev int64, err error)"};
  }

  Result<std::vector<Entry>> list(int depth);
  bool is_named_entry();
  bool is_named_list();
  Result<std::vector<Entry>> results(int depth);
  Result<TypeId> type(int depth);
  Result<TypeId> bracketed(int depth);
  Result<TypeId> channel(int depth);
  Result<TypeId> function(int depth);
  Result<TypeId> interface(int depth);
  Result<TypeId> named();
  Result<TypeId> lookup(const std::string& name);
  Result<void> receiver(std::string_view function, Signature* out);
  /// A composed type: the program's own, if it has one of this name.
  TypeId composed(GoType type) {
    const std::vector<TypeId> found = info_.find_types(type.name);
    if (found.size() == 1 && types_.at(found[0]).kind == type.kind) return found[0];
    return types_.add(std::move(type));
  }
  const std::string& name_of(TypeId id) { return types_.at(id).name; }
  TypeId pointer_to(TypeId elem) {
    return composed({.kind = TypeKind::Pointer,
                     .name = "*" + name_of(elem),
                     .size = 8,
                     .align = 8,
                     .elem = elem});
  }
  std::string list_name(const std::vector<Entry>& entries) {
    std::string out = "(";
    for (const Entry& entry : entries) {
      if (out.size() > 1) out += ", ";
      out += entry.variadic ? "..." + name_of(types_.at(entry.type).elem) : name_of(entry.type);
    }
    return out + ")";
  }

  std::string_view text_;
  size_t at_ = 0;
  const TypeInfo& info_;
  Types& types_;
  const std::function<std::vector<std::string>()>& type_names_;
  std::string package_;  // of the function, with the dot
};

/// `name Type`, `name ...Type`: an identifier, and behind it something that is no end of an entry.
bool Parser::is_named_entry() {
  const std::string_view name = word();
  if (name.empty() || is_keyword(name)) return false;
  const size_t behind = at_ + name.size();
  size_t next = behind;
  while (next < text_.size() && (text_[next] == ' ' || text_[next] == '\t')) next++;
  return next > behind && next < text_.size() && text_[next] != ',' && text_[next] != ')';
}

/// Whether some entry of the list that was just opened has a name.
bool Parser::is_named_list() {
  const size_t begin = at_;
  bool named = is_named_entry();
  int depth = 0;
  for (; at_ < text_.size() && depth >= 0; at_++) {
    const char c = text_[at_];
    if (c == '(' || c == '[' || c == '{') depth++;
    if (c == ')' || c == ']' || c == '}') depth--;
    if (c != ',' || depth != 0) continue;
    at_++;
    named = named || is_named_entry();
    at_--;
  }
  at_ = begin;
  return named;
}

/// As in Go, either all parameters have names or none: `a, b int` names both.
Result<std::vector<Parser::Entry>> Parser::list(int depth) {
  if (!take("(")) return expected("\"(\"");
  const bool named = is_named_list();
  std::vector<Entry> entries;
  while (!take(")")) {
    if (!entries.empty() && !take(",")) return expected("\",\" or \")\"");
    if (!entries.empty() && entries.back().variadic)
      return Error{"only the last parameter can be variadic (...)", ""};
    Entry entry;
    if (named) {
      entry.name = std::string(word());
      at_ += entry.name.size();
      if (entry.name.empty()) return expected("the name of a parameter");
    }
    if (!named || !starts(",")) {
      entry.variadic = take("...");
      TRY(id, type(depth + 1));
      entry.type = id;
      if (entry.variadic)
        entry.type = composed({.kind = TypeKind::Slice,
                               .name = "[]" + name_of(id),
                               .size = 24,
                               .align = 8,
                               .elem = id});
    }
    entries.push_back(std::move(entry));
  }
  for (size_t i = entries.size(); i-- > 1;)
    if (entries[i - 1].type == kNoType) entries[i - 1].type = entries[i].type;
  return entries;
}

Result<std::vector<Parser::Entry>> Parser::results(int depth) {
  blanks();
  std::vector<Entry> entries;
  if (at_ >= text_.size() || starts(",") || starts(")") || starts("}") || starts(";") ||
      starts("]"))
    return entries;
  if (starts("(")) return list(depth);
  TRY(id, type(depth + 1));
  entries.push_back({"", id, false});
  return entries;
}

Result<TypeId> Parser::type(int depth) {
  if (depth > kMaxTextDepth) return Error{"the signature is nested too deeply", ""};
  if (take("*")) {
    TRY(elem, type(depth + 1));
    return pointer_to(elem);
  }
  if (take("(")) {
    TRY(inner, type(depth + 1));
    if (!take(")")) return expected("\")\"");
    return inner;
  }
  if (starts("[")) return bracketed(depth);
  if (starts("<-") || word() == "chan") return channel(depth);
  if (take_word("map")) {
    if (!take("[")) return expected("\"[\"");
    TRY(key, type(depth + 1));
    if (!take("]")) return expected("\"]\"");
    TRY(elem, type(depth + 1));
    return composed({.kind = TypeKind::Map,
                     .name = "map[" + name_of(key) + "]" + name_of(elem),
                     .size = 8,
                     .align = 8,
                     .elem = elem,
                     .key = key});
  }
  if (take_word("func")) return function(depth);
  if (take_word("interface")) return interface(depth);
  if (take_word("struct")) {
    if (!take("{") || !take("}"))
      return Error{"a struct without a name cannot be written in a signature, but for struct{}",
                   ""};
    return composed({.kind = TypeKind::Struct, .name = "struct {}"});
  }
  return named();
}

Result<TypeId> Parser::bracketed(int depth) {
  take("[");
  if (take("]")) {
    TRY(elem, type(depth + 1));
    return composed({.kind = TypeKind::Slice,
                     .name = "[]" + name_of(elem),
                     .size = 24,
                     .align = 8,
                     .elem = elem});
  }
  uint64_t length = 0;
  const std::string_view digits = word();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size() ||
      length > kMaxArray)
    return expected("the length of an array");
  at_ += digits.size();
  if (!take("]")) return expected("\"]\"");
  TRY(elem, type(depth + 1));
  const GoType& of = types_.at(elem);
  if (of.size > kMaxArray || length * of.size > kMaxArray)
    return Error{"an array of " + std::to_string(length) + " " + of.name + " is too large", ""};
  return composed({.kind = TypeKind::Array,
                   .name = "[" + std::to_string(length) + "]" + of.name,
                   .size = length * of.size,
                   .align = of.align,
                   .elem = elem,
                   .length = length});
}

Result<TypeId> Parser::channel(int depth) {
  std::string name = "chan ";
  if (take("<-")) name = "<-chan ";
  if (!take_word("chan")) return expected("\"chan\"");
  if (name == "chan " && take("<-")) name = "chan<- ";
  TRY(elem, type(depth + 1));
  const std::string& of = name_of(elem);
  name += name == "chan " && of.substr(0, 2) == "<-" ? "(" + of + ")" : of;
  return composed(
      {.kind = TypeKind::Chan, .name = std::move(name), .size = 8, .align = 8, .elem = elem});
}

Result<TypeId> Parser::function(int depth) {
  TRY(in, list(depth + 1));
  TRY(out, results(depth + 1));
  std::string name = "func" + list_name(in);
  if (out.size() == 1)
    name += " " + name_of(out[0].type);
  else if (!out.empty())
    name += " " + list_name(out);
  return composed({.kind = TypeKind::Func, .name = std::move(name), .size = 8, .align = 8});
}

/// Of an interface's methods only that it has some matters for its layout.
Result<TypeId> Parser::interface(int depth) {
  if (!take("{")) return expected("\"{\"");
  std::string name;
  while (!take("}")) {
    take(";");
    const std::string method(word());
    if (method.empty()) return expected("the name of a method");
    at_ += method.size();
    TRY(in, list(depth + 1));
    TRY(out, results(depth + 1));
    name += (name.empty() ? " " : "; ") + method + list_name(in);
    if (out.size() == 1)
      name += " " + name_of(out[0].type);
    else if (!out.empty())
      name += " " + list_name(out);
  }
  const bool has_methods = !name.empty();
  return composed({.kind = TypeKind::Interface,
                   .name = "interface {" + name + (has_methods ? " }" : "}"),
                   .size = 16,
                   .align = 8,
                   .has_methods = has_methods});
}

Result<TypeId> Parser::named() {
  blanks();
  const size_t begin = at_;
  while (at_ < text_.size() && is_path(text_[at_])) at_++;
  if (at_ == begin) return expected("a type");
  std::string name(text_.substr(begin, at_ - begin));
  if (at_ < text_.size() && text_[at_] == '[') {  // arguments of a generic type
    int depth = 0;
    do {
      const char c = text_[at_++];
      if (c == '[') depth++;
      if (c == ']') depth--;
      // Go writes no blank behind the comma.
      if (c != ' ' || name.back() != ',') name += c;
    } while (depth > 0 && at_ < text_.size());
    if (depth > 0) return expected("\"]\"");
  }
  if (name == "any") name = "interface {}";
  if (name == "byte") name = "uint8";
  if (name == "rune") name = "int32";
  if (name == "interface {}")
    return composed({.kind = TypeKind::Interface,
                     .name = std::move(name),
                     .size = 16,
                     .align = 8,
                     .has_methods = false});
  for (const Builtin& builtin : kBuiltins)
    if (builtin.name == name)
      return composed({.kind = builtin.kind,
                       .name = std::move(name),
                       .size = builtin.size,
                       .align = builtin.align});
  return lookup(name);
}

/// By full or short name; without a dot it is one of the function's own package.
Result<TypeId> Parser::lookup(const std::string& name) {
  std::vector<TypeId> found = info_.find_types(name);
  if (found.empty() && name.find('.') == std::string::npos)
    found = info_.find_types(package_ + name);
  if (found.size() == 1 && types_.at(found[0]).kind != TypeKind::Unknown) return found[0];
  if (found.size() > 1) {
    std::vector<std::string> names;
    for (TypeId id : found) {
      const std::string& full = name_of(id);
      if (names.empty() || names.back() != full) names.push_back(full);
    }
    if (names.size() == 1)
      return Error{"the program has " + std::to_string(found.size()) + " types " + names[0], ""};
    return Error{"several types are called " + name + ": " + join_words(names),
                 "write one of these"};
  }
  const std::vector<std::string> all = type_names_();
  const std::vector<std::string_view> views(all.begin(), all.end());
  const auto nearest = nearest_names(name, views, 3);
  return Error{"the program has no type " + name,
               nearest.empty() ? "" : "did you mean " + join_words(nearest, "or") + "?"};
}

/// The receiver from the function's name: "main.(*T).M", "main.T.M" if there is a type main.T.
/// What follows a method's name is a closure in it.
Result<void> Parser::receiver(std::string_view function, Signature* out) {
  const std::string_view plain = function.substr(0, function.find_first_of("[("));
  const size_t slash = plain.rfind('/');
  const size_t dot = function.find('.', slash == std::string_view::npos ? 0 : slash);
  if (dot == std::string_view::npos) return {};
  package_ = std::string(function.substr(0, dot + 1));
  std::vector<std::string> parts(1);
  int depth = 0;
  for (char c : function.substr(dot + 1)) {
    if (c == '(' || c == '[') depth++;
    if (c == ')' || c == ']') depth--;
    if (c == '.' && depth == 0)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  const bool is_generic = function.find('[') != std::string_view::npos;
  // A promoted method of another package that is not exported: "(*T).net/http.hidden".
  if (parts.size() > 2 && function.rfind('/') != std::string_view::npos &&
      function.rfind('/') > dot)
    parts.resize(2);
  if (parts.size() == 2) {
    std::string base = parts[0];
    const bool pointer = base.size() > 3 && base.substr(0, 2) == "(*";
    if (pointer) base = base.substr(2, base.size() - 3);
    // Types declared in functions are numbered in names of functions only.
    const size_t number = base.find("·");
    base = base.substr(0, number);
    const std::vector<TypeId> found = info_.find_types(package_ + base);
    if (number != std::string::npos && !pointer && found.size() != 1)
      return Error{"which of the types " + package_ + base + " the receiver of " +
                       std::string(function) + " has is not known",
                   ""};
    if (found.size() == 1 || pointer) {
      // A pointer is one, whatever it points to.
      const TypeId id = found.size() == 1
                            ? found[0]
                            : types_.add({.kind = TypeKind::Unknown, .name = package_ + base});
      out->has_receiver = true;
      out->params.push_back({"", pointer ? pointer_to(id) : id});
    }
  }
  const bool shape =
      function.find("[go.shape.") != std::string_view::npos ||
      (info_.minor() < kDictionaryBehindMinor && function.find("[...]") != function.npos);
  // Closures in them have it in their context.
  if (is_generic && shape && parts.size() == (out->has_receiver ? 2 : 1))
    out->dictionary = out->has_receiver && info_.minor() >= kDictionaryBehindMinor
                          ? Dictionary::AfterReceiver
                          : Dictionary::First;
  return {};
}

Result<WrittenSignature> Parser::signature() {
  WrittenSignature out;
  out.function = std::string(function_of(text_));
  at_ = out.function.size();
  if (out.function.empty()) return expected("the name of a function");
  out.signature.source = Signature::Source::User;
  TRY_DO(receiver(out.function, &out.signature));
  TRY(params, list(0));
  for (Entry& entry : params) {
    out.signature.variadic = entry.variadic;
    out.signature.params.push_back({std::move(entry.name), entry.type});
  }
  TRY(results, this->results(0));
  for (Entry& entry : results) {
    if (entry.variadic) return Error{"a result cannot be variadic (...)", ""};
    out.signature.results.push_back({std::move(entry.name), entry.type});
  }
  blanks();
  if (at_ != text_.size()) return expected("the end");
  return out;
}

}  // namespace

std::string_view function_of(std::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (c == '[') depth++;
    if (c == ']') depth--;
    if (depth > 0) continue;
    if (c == '(' && i > 0 && text[i - 1] == '.') {  // of a receiver: "main.(*T).M"
      i = text.find(')', i);
      if (i == std::string_view::npos) break;
    } else if (c == '(') {
      return text.substr(0, i);
    }
  }
  return {};
}

Result<WrittenSignature> parse_signature(
    std::string_view text, const TypeInfo& info, Types& types,
    const std::function<std::vector<std::string>()>& type_names) {
  return Parser(text, info, types, type_names).signature();
}

}  // namespace gotap::go
