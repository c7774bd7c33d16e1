// DwarfTypes::signature(): what DWARF says of a function's parameters made into a Signature, and
// what it leaves out made good or refused. Facts, by version:
// - Go <= 1.21 leaves out parameters and receivers without a name; from 1.22 on they are `~p0`
//   (ir.Func.DeclareParams).
// - Go <= 1.26 leaves out the dictionary of generic functions; 1.27 has it as `.dict`. Up to 1.19
//   it stood before the receiver (cmd/compile/internal/noder/stencil.go), then behind it
//   (noder/reader.go, shapedMethodDecl).
// - Results without a name are `~r0` or `~b0`; up to 1.16 they count on from the parameters
//   (gc/dcl.go, funcargs).
#include <algorithm>
#include <charconv>

#include "go/dwarf_impl.h"
#include "go/versions.h"

namespace gotap::go {
namespace {

constexpr int kAllNamed = 22;  // since then nothing is left out
constexpr std::string_view kDictionary = ".dict";

/// What a function's name says. "a/b.(*T[x/y.Z]).M" is in the package a/b.
struct NameParts {
  std::string package;             ///< with the dot
  std::vector<std::string> parts;  ///< "(*T[x/y.Z])", "M"
};

NameParts split(std::string_view name) {
  NameParts it;
  // What the compiler makes for types of its own: "type:.eq.T", up to Go 1.19 "type..eq.T".
  if (name.substr(0, 5) == "type:" || name.substr(0, 6) == "type..") return it;
  // Methods of types without a name: "go:struct { io.Reader }.Read"; "go." up to Go 1.19.
  size_t at = 0;
  if (name.substr(0, 3) != "go:" && name.substr(0, 4) != "go.(" &&
      name.substr(0, 10) != "go.struct ") {
    const std::string_view plain = name.substr(0, name.find_first_of("[({"));
    const size_t slash = plain.rfind('/');
    const size_t dot = name.find('.', slash == std::string_view::npos ? 0 : slash);
    if (dot == std::string_view::npos) return it;
    at = dot + 1;
    it.package = name.substr(0, at);
  } else {
    at = 3;
  }
  int depth = 0;
  std::string part;
  for (char c : name.substr(at)) {
    if (c == '(' || c == '[' || c == '{') depth++;
    if (c == ')' || c == ']' || c == '}') depth--;
    if (c == '.' && depth <= 0) {
      it.parts.push_back(std::move(part));
      part.clear();
    } else {
      part += c;
    }
  }
  it.parts.push_back(std::move(part));
  return it;
}

/// "func1", "gowrap2", "deferwrap1", "1", "func1-range1", "M-fm": what the compiler calls
/// closures and wrappers.
bool is_closure(const std::string& part) {
  if (part.find('-') != std::string::npos) return true;
  const size_t digits = part.find_last_not_of("0123456789") + 1;
  if (digits == part.size()) return false;
  const std::string word = part.substr(0, digits);
  return word.empty() || word == "func" || word == "gowrap" || word == "deferwrap";
}

/// The type that a method of this name belongs to; empty: it is none.
std::string receiver_type(const NameParts& name) {
  if (name.parts.size() != 2 || is_closure(name.parts[1])) return "";
  std::string type = name.parts[0];
  if (type.empty()) return "";
  if (type.size() > 3 && type.substr(0, 2) == "(*" && type.back() == ')')
    return "*" + name.package + type.substr(2, type.size() - 3);
  return name.package + type;
}

/// The type of the method's receiver if a function's name is to be taken for a closure's, but its
/// first parameter says that it is a method called func1.
std::string closure_like_method(const NameParts& name) {
  return name.parts.size() == 2 ? name.package + name.parts[0] : "";
}

Dictionary dictionary(const NameParts& name, bool is_method, int minor) {
  const auto generic = [](const std::string& part) {
    return part.find("[go.shape.") != std::string::npos || part.find("[...]") != std::string::npos;
  };
  if (is_method && generic(name.parts[0]))
    return minor >= kDictionaryBehindMinor ? Dictionary::AfterReceiver : Dictionary::First;
  if (name.parts.size() == 1 && generic(name.parts[0]) && !is_closure(name.parts[0]))
    return Dictionary::First;
  return Dictionary::None;
}

bool has_name(std::string_view name) {
  return !name.empty() && name != "_" && name[0] != '~' && name[0] != '.' && name[0] != '&';
}

/// Go >= 1.22 numbers what has no name: where a number is not that of its place, the order of
/// DWARF is not the source's.
bool numbers_agree(const DwarfFunction& function, Dictionary dictionary) {
  uint32_t params = 0, results = 0;
  for (const DwarfParameter& it : function.params) {
    if (it.is_result) {
      if (number_in(it.name, "~r").value_or(results) != results) return false;
      results++;
      continue;
    }
    const uint32_t before = dictionary == Dictionary::AfterReceiver ? 1 : 0;
    if (dictionary != Dictionary::None && params == before) params++;
    if (number_in(it.name, "~p").value_or(params) != params) return false;
    params++;
  }
  return true;
}

Error unknown(std::string reason) { return Error{"signature unknown: " + std::move(reason), ""}; }

}  // namespace

std::optional<uint32_t> number_in(std::string_view name, std::string_view prefix) {
  if (name.substr(0, prefix.size()) != prefix) return std::nullopt;
  uint32_t n = 0;
  const auto [end, error] =
      std::from_chars(name.data() + prefix.size(), name.data() + name.size(), n);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return n;
}

std::optional<Signature> DwarfTypes::inlined_signature(std::string_view name, Types& types) const {
  const auto found = impl_->names().inlined.find(name);
  if (found == impl_->names().inlined.end()) return std::nullopt;
  const auto die = impl_->dwarf->die(found->second);
  if (!die) return std::nullopt;
  Signature signature;
  signature.named_only = true;
  bool whole = true;
  impl_->dwarf->for_each_child(*die, [&](const elf::DwarfDie& child) {
    if (child.tag() != elf::DW_TAG_formal_parameter) return true;
    const elf::Dwarf& dwarf = *impl_->dwarf;
    const std::string_view called = dwarf.attribute(child, elf::DW_AT_name).text;
    const uint64_t type = impl_->type_of(child);
    whole &= type != 0;
    if (type == 0 || called == kDictionary) return true;
    const bool is_result = dwarf.attribute(child, elf::DW_AT_variable_parameter).number != 0;
    (is_result ? signature.results : signature.params)
        .push_back({has_name(called) ? std::string(called) : "", types.reference(*this, type)});
    return true;
  });
  if (!whole) return std::nullopt;
  const std::string receiver = receiver_type(split(name));
  signature.has_receiver = !receiver.empty() && !signature.params.empty() &&
                           types.at(signature.params[0].type).name == receiver;
  return signature;
}

Result<Signature> DwarfTypes::signature(const Function& function, Types& types) const {
  if (function.assembly) return unknown("written in assembly");
  const auto die = impl_->function_at(function.entry);
  if (!die) return unknown("not described by DWARF");
  auto described = impl_->read_function(*die, types, *this);
  if (!described) return unknown("its description in DWARF is damaged");
  std::erase_if(described->params, [](const DwarfParameter& it) { return it.name == kDictionary; });

  Signature signature;
  for (const DwarfParameter& it : described->params) {
    Parameter parameter;
    if (has_name(it.name)) parameter.name = it.name;
    parameter.type = types.reference(*this, it.type);
    (it.is_result ? signature.results : signature.params).push_back(std::move(parameter));
  }
  signature.captured = std::move(described->captured);

  const NameParts name = split(described->name);
  std::string receiver = receiver_type(name);
  const std::string first_type =
      signature.params.empty() ? "" : types.at(signature.params[0].type).name;
  if (receiver.empty() && !first_type.empty() && closure_like_method(name) == first_type)
    receiver = first_type;
  signature.has_receiver = !receiver.empty() && receiver == first_type;
  signature.dictionary = dictionary(name, !receiver.empty(), impl_->minor);

  const std::string version = "DWARF of Go 1." + std::to_string(impl_->minor);
  if (impl_->minor < kAllNamed) {
    if (auto whole = impl_->complete(*described, function, signature, receiver, types, *this))
      return *whole;
    return unknown(version + " leaves out unnamed parameters here");
  }
  if (!receiver.empty() && !signature.has_receiver)
    return unknown(version + " has no receiver here");
  const Placement placement = place(types, signature, function.abi);
  const bool other_size =
      placement.stack_bytes && function.argument_bytes &&
      *placement.stack_bytes + placement.spill_bytes != *function.argument_bytes;
  if (other_size || !numbers_agree(*described, signature.dictionary))
    return unknown(version + " leaves out parameters here");
  return signature;
}

}  // namespace gotap::go
