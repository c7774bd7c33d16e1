// The type of the language that a Go value gets, and that it is the same in all functions of a
// clause; see check_go.cc.
#include <algorithm>

#include "base/text.h"
#include "base/value_names.h"
#include "lang/checker.h"

namespace gotap::lang {

namespace {

using go::Aspect;
using go::TypeKind;

Type address() {
  Type type;
  type.kind = Type::Kind::Pointer;
  type.elem_size = 1;
  return type;
}

// Of pointers to numbers the element can be read by *$p and $p[i].
Type pointer_to(const go::GoType& element) {
  Type type = address();
  const bool number = element.kind == TypeKind::Int || element.kind == TypeKind::Uint;
  if (!number || (element.size != 2 && element.size != 4 && element.size != 8)) return type;
  type.elem_size = static_cast<uint8_t>(element.size);
  type.is_signed = element.kind == TypeKind::Int;
  return type;
}

/// What both are; nothing: there is no such type.
std::optional<Type> combine(const Type& a, const Type& b) {
  using T = Type::Kind;
  if (a == b) return a;
  if (a.kind != b.kind) return std::nullopt;
  if (a.has_bytes()) return a.capacity > b.capacity ? a : b;
  if (a.kind == T::Pointer) return address();
  if (a.kind != T::Int) return std::nullopt;
  Type wide = Type::integer(8, a.is_signed || b.is_signed);
  // An unsigned number of 64 bits has no place among signed ones.
  if (a.is_signed != b.is_signed && (a.is_signed ? b : a).size == 8) return std::nullopt;
  if (a.size == b.size && a.is_signed == b.is_signed) wide.size = a.size;
  wide.detail = a.detail == b.detail ? a.detail : 0;
  return wide;
}

}  // namespace

/// The index that Type::detail has for these names, the same in each round; 0: there are none.
uint32_t Checker::add_constants(const std::vector<go::Constant>& constants) {
  if (constants.empty()) return 0;
  std::map<int64_t, std::string> names;
  for (const go::Constant& constant : constants) names.try_emplace(constant.value, constant.name);
  auto found = std::find(constants_.begin(), constants_.end(), names);
  if (found == constants_.end()) found = constants_.insert(found, std::move(names));
  return static_cast<uint32_t>(found - constants_.begin()) + 1;
}

/// The type of a value that can be had as it is; `why`: it cannot.
std::optional<Type> Checker::go_type(const go::TypeInfo& info, const go::Resolved& resolved,
                                     GoUse use, const go::Path& path, go::PathError& why) {
  const go::Types& types = info.types();
  const go::GoType& type = types.at(resolved.access.type);
  const go::PathStep* last = path.steps.empty() ? nullptr : &path.steps.back();
  uint32_t capacity = options_.settings.max_strlen;
  if (last && last->kind == go::PathStep::Kind::Slice && last->high) {
    const uint64_t part = *last->high - std::min(*last->high, last->low.value_or(0));
    capacity = static_cast<uint32_t>(std::clamp<uint64_t>(part, 1, capacity));
  }
  const auto text = [&] {
    return use == GoUse::Bytes ? Type::buffer(capacity) : Type::string(capacity);
  };
  switch (type.kind) {
    case TypeKind::Bool: return Type::of(Type::Kind::Bool);
    case TypeKind::Int:
    case TypeKind::Uint: {
      if (type.name == "uintptr") return address();
      Type number = Type::integer(static_cast<uint8_t>(type.size), type.kind == TypeKind::Int);
      number.detail = type.name == "time.Duration"
                          ? kDurationNames
                          : add_constants(info.constants(resolved.access.type));
      return number;
    }
    case TypeKind::Float: {
      Type number = Type::of(Type::Kind::Float);
      number.size = static_cast<uint8_t>(type.size);
      return number;
    }
    case TypeKind::Pointer: return pointer_to(types.at(type.elem));
    case TypeKind::UnsafePointer:
    case TypeKind::Func:
    case TypeKind::Map:
    case TypeKind::Chan: return address();
    case TypeKind::String: return text();
    case TypeKind::Interface: return Type::of(Type::Kind::GoError);
    case TypeKind::Slice:
    case TypeKind::Array: {
      const go::GoType& element = types.at(type.elem);
      const bool bytes = element.kind == TypeKind::Uint && element.size == 1;
      if (bytes && use != GoUse::Value) return text();
      why.message = go::with_article(type.name) + " is no value of its own";
      why.hint = bytes ? "show it by str() or buf(), or pick a part: [0], len()"
                       : "pick a part: [0], len()";
      return std::nullopt;
    }
    default: break;
  }
  why.message = go::with_article(type.name) + " is no value that can be shown";
  return std::nullopt;
}

Checker::GoResolved Checker::resolve_all(const GoPath& path, Aspect aspect, GoUse use) {
  const auto key = std::make_tuple(clause_index_, path.root.begin, path.path, aspect, use);
  auto [entry, fresh] = go_resolved_.try_emplace(key);
  if (fresh) entry->second = resolve_each(path, aspect, use);
  return entry->second;
}

/// Resolves the path for each function of each probe.
Checker::GoResolved Checker::resolve_each(const GoPath& path, Aspect aspect, GoUse use) {
  GoResolved out;
  std::string first;    // the function that `out.type` is of, and what it has
  std::string unknown;  // a function of which nothing is known, and why
  const int last = static_cast<int>(path.path.steps.size()) - 1;
  std::optional<go::PathError> missing;  // a variable that this copy of the line does not have
  const auto spots = go_spots(path);
  const auto problem = [&](const go::PathError& error) {
    const bool at_step = error.step >= 0 && error.step <= last;
    out.type.reset();
    out.problem = Diagnostic{Diagnostic::Severity::Error,
                             at_step ? path.steps[static_cast<size_t>(error.step)] : path.root,
                             error.message, error.hint};
    return out;
  };
  for (const auto& [info, function, at] : spots) {
    const std::string name(info->function_name(function));
    // Of several functions the message says which one is meant.
    const auto of_function = [&](go::PathError error) {
      if (spots.size() > 1 && error.message.find(name) == std::string::npos)
        error.message = name + ": " + error.message;
      return problem(error);
    };
    const go::Resolved resolved =
        go::resolve(*info, function, path.path, aspect, options_.settings.error_texts, at);
    if (resolved.error && resolved.error->step < 0 && at.line) {
      missing = resolved.error;
      continue;
    }
    if (resolved.error) return of_function(*resolved.error);
    if (resolved.access.type == go::kNoType) {
      if (at.line)
        missing = go::PathError{path.path.root.name + ": " + resolved.access.unknown, "", -1};
      else if (unknown.empty())
        unknown = name + ": " + resolved.access.unknown;
      continue;
    }
    go::PathError why;
    why.step = last;
    const auto type = aspect == Aspect::Value ? go_type(*info, resolved, use, path.path, why)
                                              : go_aspect_type(aspect);
    if (!type) return of_function(why);
    const std::string has =
        name + " has " + go::with_article(info->types().at(resolved.access.type).name);
    const auto both = out.type ? combine(*out.type, *type) : type;
    if (!both)
      return problem({"this is not the same in all functions: " + first + ", " + has,
                      "a block for each of them", last});
    if (!out.type) first = has;
    out.type = both;
  }
  out.everywhere = unknown.empty() && !missing;
  if (!out.type && missing) return problem(*missing);
  if (!out.type && !unknown.empty())
    return problem(
        {unknown,
         "a build of the same source that has DWARF tells: --debug-binary FILE; you can: "
         "--signature 'FUNCTION'; the words themselves are arg0, arg1, ... and retval",
         -1});
  return out;
}

/// All functions and lines that the clause's probes name. A package's variable is the same for all
/// of a program's.
std::vector<Checker::GoSpot> Checker::go_spots(const GoPath& path) const {
  std::vector<GoSpot> all;
  for (const auto& facts : this->facts()) {
    if (!facts || !facts->types) continue;
    if (path.path.root.kind == go::PathRoot::Kind::Global) {
      all.push_back({facts->types, 0, {}});
      continue;
    }
    for (size_t i = 0; i < facts->functions.size(); i++) {
      go::Spot at;
      if (!facts->lines.empty()) at.line = facts->lines[i];
      all.push_back({facts->types, facts->functions[i], at});
    }
  }
  return all;
}

Type Checker::go_aspect_type(Aspect aspect) {
  switch (aspect) {
    case Aspect::Len:
    case Aspect::Cap: return Type::i64();
    case Aspect::TypeOf: return Type::of(Type::Kind::GoType);
    case Aspect::TraceId: return Type::string(32);  // hexadecimal digits of 16 bytes
    case Aspect::SpanId: return Type::string(16);
    case Aspect::Whole: return Type::of(Type::Kind::GoWhole);
    default: return Type::u64();
  }
}

}  // namespace gotap::lang
