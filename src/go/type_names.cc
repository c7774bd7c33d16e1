#include "go/type_names.h"

#include "base/text.h"

namespace gotap::go {
namespace {

constexpr size_t kMaxNameLength = 1u << 15;  // 10 kB types exist; what is longer is not asked for
constexpr int kMaxNameDepth = 64;

/// As paths stand in symbol names: of dots only those of the last element are escaped.
void add_path(std::string_view path, std::string* out) {
  const size_t slash = path.rfind('/');
  const size_t last = slash == std::string_view::npos ? 0 : slash + 1;
  for (size_t i = 0; i < path.size(); i++) {
    const auto c = static_cast<unsigned char>(path[i]);
    if (c <= ' ' || c == '%' || c == '"' || c >= 0x7f || (c == '.' && i >= last)) {
      *out += '%';
      *out += "0123456789abcdef"[c >> 4];
      *out += "0123456789abcdef"[c & 15];
    } else {
      *out += path[i];
    }
  }
}

/// strconv.Quote, of text that is printable ASCII or UTF-8.
void add_quoted(std::string_view text, std::string* out) {
  *out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') *out += '\\';
    *out += c;
  }
  *out += '"';
}

/// What follows the package's name: from behind the last dot outside of brackets.
std::string_view own_name(std::string_view string) {
  int brackets = 0;
  for (size_t i = string.size(); i > 0; i--) {
    const char c = string[i - 1];
    if (c == ']') brackets++;
    if (c == '[') brackets--;
    if (c == '.' && brackets == 0) return string.substr(i);
  }
  return string;
}

class Writer {
 public:
  explicit Writer(const Descriptors& descriptors) : descriptors_(descriptors) {}
  /// False: damaged, or too long.
  bool write(const Descriptor& type, int depth);
  std::string out;

 private:
  bool write(uint64_t address, int depth) {
    auto type = descriptors_.at(address);
    return type && write(*type, depth);
  }
  bool function(const Descriptor& type, int depth);
  bool list(const std::vector<uint64_t>& types, bool variadic, int depth);
  bool structure(const Descriptor& type, int depth);
  bool interface(const Descriptor& type, int depth);
  bool element(const Descriptor& type, int depth) {
    auto found = descriptors_.element(type);
    return found && write(*found, depth);
  }
  /// An unexported name of an unnamed type is one of its package.
  void member(std::string_view name, bool exported, std::string_view package) {
    if (!exported && !package.empty()) {
      add_path(package, &out);
      out += '.';
    }
    out += name;
  }

  const Descriptors& descriptors_;
};

bool Writer::write(const Descriptor& type, int depth) {
  if (depth > kMaxNameDepth || out.size() > kMaxNameLength) return false;
  depth++;
  if (type.named) {
    const std::string_view package = descriptors_.package(type);
    if (!package.empty()) {
      add_path(package, &out);
      out += '.';
      out += own_name(type.string);
    } else {
      out += type.string;
    }
    return true;
  }
  switch (type.kind) {
    case RuntimeKind::Pointer: out += '*'; return element(type, depth);
    case RuntimeKind::Slice: out += "[]"; return element(type, depth);
    case RuntimeKind::Array:
      out += "[" + std::to_string(descriptors_.length(type).value_or(0)) + "]";
      return element(type, depth);
    case RuntimeKind::Map: {
      auto key = descriptors_.key(type);
      out += "map[";
      if (!key || !write(*key, depth)) return false;
      out += ']';
      return element(type, depth);
    }
    case RuntimeKind::Chan: {
      auto of = descriptors_.at(descriptors_.element(type).value_or(0));
      if (!of) return false;
      const std::string_view word = descriptors_.channel_word(type);
      const bool bracket = word == "chan" && !of->named && of->kind == RuntimeKind::Chan &&
                           descriptors_.channel_word(*of) == "<-chan";
      out += std::string(word) + (bracket ? " (" : " ");
      if (!write(*of, depth)) return false;
      if (bracket) out += ')';
      return true;
    }
    case RuntimeKind::Func: out += "func"; return function(type, depth);
    case RuntimeKind::Struct: return structure(type, depth);
    case RuntimeKind::Interface: return interface(type, depth);
    default: out += type.string; return true;
  }
}

bool Writer::list(const std::vector<uint64_t>& types, bool variadic, int depth) {
  out += '(';
  for (size_t i = 0; i < types.size(); i++) {
    if (i) out += ", ";
    uint64_t address = types[i];
    if (variadic && i + 1 == types.size()) {
      auto slice = descriptors_.at(address);
      if (!slice || slice->kind != RuntimeKind::Slice) return false;
      address = descriptors_.element(*slice).value_or(0);
      out += "...";
    }
    if (!write(address, depth)) return false;
  }
  out += ')';
  return true;
}

bool Writer::function(const Descriptor& type, int depth) {
  auto parts = descriptors_.function(type);
  if (!parts || !list(parts->in, parts->variadic, depth)) return false;
  if (parts->out.empty()) return true;
  out += ' ';
  return parts->out.size() == 1 ? write(parts->out[0], depth) : list(parts->out, false, depth);
}

bool Writer::structure(const Descriptor& type, int depth) {
  auto fields = descriptors_.fields(type);
  if (!fields) return false;
  const std::string_view package = descriptors_.package(type);
  out += "struct {";
  for (size_t i = 0; i < fields->size(); i++) {
    const DescriptorField& field = (*fields)[i];
    out += i ? "; " : " ";
    if (!field.embedded) {
      member(field.name, field.exported, package);
      out += ' ';
    }
    if (!write(field.type, depth)) return false;
    if (!field.tag.empty()) {
      out += ' ';
      add_quoted(field.tag, &out);
    }
  }
  out += fields->empty() ? "}" : " }";
  return true;
}

bool Writer::interface(const Descriptor& type, int depth) {
  auto methods = descriptors_.interface_methods(type);
  if (!methods) return false;
  const std::string_view package = descriptors_.package(type);
  out += "interface {";
  for (size_t i = 0; i < methods->size(); i++) {
    const InterfaceMethod& method = (*methods)[i];
    out += i ? "; " : " ";
    member(method.name, method.exported, method.package.empty() ? package : method.package);
    auto function_type = descriptors_.at(method.type);
    if (!function_type || !function(*function_type, depth)) return false;
  }
  out += methods->empty() ? "}" : " }";
  return true;
}

}  // namespace

std::string full_name(const Descriptors& descriptors, const Descriptor& type) {
  Writer writer(descriptors);
  if (writer.write(type, 0) && writer.out.size() <= kMaxNameLength) return std::move(writer.out);
  return std::string(type.string);
}

uint32_t name_hash(std::string_view name) {
  // FNV-1a; at a dot or slash what was read of the word is taken back.
  uint32_t hash = 2166136261u, at_word = hash;
  for (char c : name) {
    if (c == '.' || c == '/') {
      hash = at_word;
      continue;
    }
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    const bool in_path = c == '-' || c == '_' || c == '~' || c == '%' || c == '+' ||
                         (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                         (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    if (!in_path) at_word = hash;
  }
  return hash;
}

}  // namespace gotap::go
