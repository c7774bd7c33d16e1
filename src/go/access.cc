// Where a path begins: the argument, result, captured variable or global, and where that is; see
// access.h. How it goes on: access_walk.h.
#include "go/access.h"

#include "arch/registers.h"
#include "base/text.h"
#include "go/access_walk.h"

namespace gotap::go {

namespace {

PathError at_root(std::string message, std::string hint = "") {
  return {std::move(message), std::move(hint), -1};
}

bool has_name(const Parameter& parameter) {
  return !parameter.name.empty() && parameter.name != "_" && parameter.name[0] != '~';
}

/// One of a function's parameters or results, or why it is none.
struct Chosen {
  std::optional<size_t> index;
  bool whole = false;  ///< of a single result the name is no result's: it is a field's
  std::optional<PathError> error;
};

class Resolver {
 public:
  Resolver(const TypeInfo& info, uint32_t function, const Path& path, const Spot& at)
      : info_(info), function_(function), path_(path), inlined_(at.inlined), line_(at.line) {}
  /// The value at the path's root. An error, or Access::unknown, says why there is none.
  std::optional<PathError> start(Access& access, Place& place, bool& root_is_field);

 private:
  std::string name() const { return std::string(info_.function_name(function_)); }
  std::string spelled(const Signature& signature) const {
    return to_string(info_.types(), signature, name());
  }
  Chosen choose(const Signature& signature, const std::vector<Parameter>& list) const;
  Chosen by_number(const Signature& signature, const std::vector<Parameter>& list) const;
  Chosen by_name(const Signature& signature, const std::vector<Parameter>& list) const;
  Chosen context(const Signature& signature) const;
  std::optional<PathError> global(Access& access, Place& place) const;
  std::optional<PathError> captured(const Signature& signature, Access& access, Place& place) const;
  std::optional<PathError> local(Access& access, Place& place) const;

  const TypeInfo& info_;
  uint32_t function_;
  const Path& path_;
  const InlinedCallSite* inlined_;
  const std::optional<LinePoint>& line_;
};

Place place_of(const ValueLocation& location, TypeId type) {
  Place place;
  place.type = type;
  if (location.on_stack) {
    place.in = Place::In::Stack;
    place.offset = location.stack_offset;
    return place;
  }
  for (const Piece& piece : location.pieces) {
    LoosePart part{piece.offset, {}, {}};
    const auto size = static_cast<uint8_t>(piece.size);
    switch (piece.in) {
      case Piece::In::IntRegister:
        part.word = {Word::In::Register, size, false, piece.number};
        break;
      case Piece::In::FloatRegister: part.unknown = "in XMM" + std::to_string(piece.number); break;
      case Piece::In::AnyRegister:
        part.word = {Word::In::AnyRegister, size, false, piece.number};
        break;
      case Piece::In::Stack: part.word = {Word::In::Stack, size, false, piece.stack_offset}; break;
    }
    place.parts.push_back(std::move(part));
  }
  if (!location.missing.empty()) place.missing = location.missing;
  return place;
}

Chosen Resolver::by_number(const Signature& signature, const std::vector<Parameter>& list) const {
  const size_t n = *path_.root.number;
  if (signature.named_only)
    return {{},
            false,
            at_root("the numbers of " + name() +
                        "'s parameters are not known: it is inlined "
                        "everywhere",
                    "by name: " + spelled(signature))};
  if (n < list.size()) return {n, false, {}};
  const bool result = path_.root.kind == PathRoot::Kind::Result;
  const std::string what = result ? "result" : "parameter";
  std::string message = name() + " has no " + what + " " + std::to_string(n) + ": ";
  if (list.empty())
    message += "it has none";
  else
    message += "the last is " + std::string(result ? "retval." : "args.") +
               std::to_string(list.size() - 1);
  return {{}, false, at_root(std::move(message), spelled(signature))};
}

Chosen Resolver::by_name(const Signature& signature, const std::vector<Parameter>& list) const {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < list.size(); i++) {
    if (!has_name(list[i])) continue;
    if (list[i].name == path_.root.name) return {i, false, {}};
    names.push_back(list[i].name);
  }
  const bool result = path_.root.kind == PathRoot::Kind::Result;
  // retval.Key of a function with one result is that one's field.
  if (result && list.size() == 1) return {0, true, {}};
  const std::string what = result ? "result" : "parameter";
  if (names.empty() && !list.empty())
    return {{},
            false,
            at_root("the names of " + name() + "'s " + what + "s are not known",
                    "by number: " + std::string(result ? "retval.0" : "args.0") + " of " +
                        spelled(signature))};
  const auto nearest = nearest_names(path_.root.name, names, 1);
  return {
      {},
      false,
      at_root(name() + " has no " + what + " " + path_.root.name,
              (nearest.empty() ? "" : "did you mean " + nearest[0] + "? ") + spelled(signature))};
}

Chosen Resolver::context(const Signature& signature) const {
  const Types& types = info_.types();
  for (size_t i = 0; i < signature.params.size(); i++)
    if (types.at(signature.params[i].type).name == "context.Context") return {i, false, {}};
  return {{},
          false,
          at_root(name() + " has no parameter of type context.Context",
                  "name where there is one, as in trace_id(args.req.ctx): " + spelled(signature))};
}

Chosen Resolver::choose(const Signature& signature, const std::vector<Parameter>& list) const {
  if (path_.root.kind == PathRoot::Kind::Context) return context(signature);
  if (path_.root.number) return by_number(signature, list);
  if (!path_.root.name.empty()) return by_name(signature, list);
  if (list.size() == 1) return {0, false, {}};
  return {{},
          false,
          at_root(name() + (list.empty() ? " has no results" : " has several results"),
                  (list.empty() ? "" : "as in retval.0: ") + spelled(signature))};
}

std::optional<PathError> Resolver::global(Access& access, Place& place) const {
  const auto global = info_.global(path_.root.name);
  if (!global.ok()) return at_root(global.error().message, global.error().hint);
  AccessStep step;
  step.kind = AccessStep::Kind::Global;
  step.number = static_cast<int64_t>(global->address);
  access.steps.push_back(step);
  access.needs_bias = true;
  place = {Place::In::Base, 0, {}, global->type};
  return std::nullopt;
}

// The context of a closure begins with its code's address; captured variables stand behind it.
std::optional<PathError> Resolver::captured(const Signature& signature, Access& access,
                                            Place& place) const {
  const Captured* found = nullptr;
  std::vector<std::string_view> names;
  for (size_t i = 0; i < signature.captured.size(); i++) {
    const Captured& captured = signature.captured[i];
    names.push_back(captured.name);
    if (path_.root.number ? *path_.root.number == i : captured.name == path_.root.name)
      found = &captured;
  }
  if (!found) {
    if (names.empty())
      return at_root(name() + ": no captured variables are known",
                     "DWARF names those of closures from Go 1.23 on");
    std::vector<std::string> all(names.begin(), names.end());
    return at_root(name() + " captures no " + path_.root.name, "it captures " + join_words(all));
  }
  AccessStep step;
  step.kind = AccessStep::Kind::Pointer;
  step.first.in = Word::In::Context;
  access.steps.push_back(step);
  place = {Place::In::Base, static_cast<int64_t>(found->offset), {}, found->type};
  if (!found->by_reference) return std::nullopt;
  step.first = {Word::In::Base, 8, false, place.offset};
  access.steps.push_back(step);
  place.offset = 0;
  return std::nullopt;
}

// Of a variable on the heap the function has the address.
std::optional<PathError> Resolver::local(Access& access, Place& place) const {
  if (!line_) return at_root("local variables are known at lines of source only");
  const auto found = info_.local(function_, *line_, path_.root.name);
  if (!found.ok()) return at_root(found.error().message, found.error().hint);
  access.unknown = found->unknown;
  place = place_of(found->place, found->type);
  if (!found->escaped || !found->unknown.empty()) return std::nullopt;
  AccessStep step;
  step.kind = AccessStep::Kind::Pointer;
  if (found->place.on_stack)
    step.first = {Word::In::Stack, 8, false, found->place.stack_offset};
  else if (place.parts.size() == 1 && place.parts[0].unknown.empty())
    step.first = place.parts[0].word;
  else
    access.unknown = place.missing;
  access.steps.push_back(step);
  place = {Place::In::Base, 0, {}, found->type};
  return std::nullopt;
}

std::optional<PathError> Resolver::start(Access& access, Place& place, bool& root_is_field) {
  if (path_.root.kind == PathRoot::Kind::Global) return global(access, place);
  if (path_.root.kind == PathRoot::Kind::Local) return local(access, place);
  const auto signature = info_.signature(function_);
  if (!signature.ok()) {
    access.unknown = signature.error().message;
    return std::nullopt;
  }
  if (path_.root.kind == PathRoot::Kind::Captured) {
    // A closure that was inlined has no context.
    if (inlined_) access.unknown = "inlined: not known here";
    return captured(*signature, access, place);
  }
  const bool result = path_.root.kind == PathRoot::Kind::Result;
  const std::vector<Parameter>& list = result ? signature->results : signature->params;
  Chosen chosen = choose(*signature, list);
  if (chosen.error) return chosen.error;
  root_is_field = chosen.whole;
  place.type = list[*chosen.index].type;
  if (inlined_) {
    auto where = info_.inlined_place(*inlined_, function_, list[*chosen.index]);
    if (where)
      place = place_of(*where, place.type);
    else
      access.unknown = where.error().message;
    return std::nullopt;
  }
  const Placement placement = go::place(info_.types(), *signature, info_.abi(function_));
  const std::vector<ValueLocation>& places = result ? placement.results : placement.params;
  if (*chosen.index >= places.size() || !places[*chosen.index].known) {
    access.type = place.type;
    access.unknown = "place unknown";
    return std::nullopt;
  }
  place = place_of(places[*chosen.index], place.type);
  return std::nullopt;
}

/// Of all parameters, or all results: each has its own reason why it cannot be had.
Resolved resolve_list(const TypeInfo& info, uint32_t function, const Path& path,
                      const Signature& signature, const Spot& at) {
  Resolved all;
  all.access.is_list = true;
  all.access.needs_bias = true;
  all.access.type = kByteType;  // known, whatever each of them is
  const bool result = path.root.kind == PathRoot::Kind::Result;
  const std::vector<Parameter>& list = result ? signature.results : signature.params;
  for (size_t i = 0; i < list.size(); i++) {
    Path one;
    one.root.kind = path.root.kind;
    if (signature.named_only)
      one.root.name = list[i].name;
    else
      one.root.number = static_cast<uint32_t>(i);
    Resolved resolved = resolve(info, function, one, Aspect::Whole, {}, at);
    Whole whole;
    if (resolved.error)
      whole.unknown = resolved.error->message;
    else if (resolved.access.wholes.empty())
      whole.unknown = resolved.access.unknown;
    else
      whole = std::move(resolved.access.wholes.front());
    whole.type = list[i].type;
    whole.name = has_name(list[i]) ? list[i].name : std::to_string(i);
    all.access.wholes.push_back(std::move(whole));
  }
  return all;
}

/// The last name on the way: that of the parameter or field.
std::string last_name(const TypeInfo& info, uint32_t function, const Path& path) {
  for (size_t i = path.steps.size(); i-- > 0;)
    if (path.steps[i].kind == PathStep::Kind::Field) return path.steps[i].name;
  if (!path.root.number) return path.root.name;
  const auto signature = info.signature(function);
  if (!signature.ok()) return "";
  const bool result = path.root.kind == PathRoot::Kind::Result;
  const std::vector<Parameter>& list = result ? signature->results : signature->params;
  return *path.root.number < list.size() ? list[*path.root.number].name : "";
}

}  // namespace

std::optional<uint16_t> register_of(const Word& word) {
  switch (word.in) {
    case Word::In::Register: return arch::go_argument_register(static_cast<unsigned>(word.offset));
    case Word::In::AnyRegister:
      if (arch::register_name(static_cast<uint16_t>(word.offset)).empty()) return std::nullopt;
      return static_cast<uint16_t>(word.offset);
    case Word::In::Context: return arch::PtRegs::dx;
    default: return std::nullopt;
  }
}

Resolved resolve(const TypeInfo& info, uint32_t function, const Path& path, Aspect aspect,
                 const std::vector<std::string>& error_texts, const Spot& at) {
  if (aspect == Aspect::Whole && path.steps.empty() && path.root.name.empty() &&
      !path.root.number && path.root.kind != PathRoot::Kind::Global) {
    const auto signature = info.signature(function);
    const bool result = path.root.kind == PathRoot::Kind::Result;
    // One result without a name of its own is that value.
    if (signature.ok() && !(result && signature->results.size() == 1))
      return resolve_list(info, function, path, *signature, at);
  }
  Resolved resolved;
  Access& access = resolved.access;
  Place place;
  bool root_is_field = false;
  resolved.error = Resolver(info, function, path, at).start(access, place, root_is_field);
  if (resolved.error || (!access.unknown.empty() && place.type == kNoType)) return resolved;
  Walk walk(info, access, std::move(place));
  if (root_is_field) {
    PathStep field;
    field.name = path.root.name;
    resolved.error = walk.step(field);
    if (resolved.error) return resolved;
  }
  for (size_t i = 0; i < path.steps.size(); i++) {
    resolved.error = walk.step(path.steps[i]);
    if (!resolved.error) continue;
    resolved.error->step = static_cast<int>(i);
    return resolved;
  }
  resolved.error = walk.finish(aspect, error_texts);
  if (resolved.error) {
    resolved.error->step = static_cast<int>(path.steps.size()) - 1;
    return resolved;
  }
  for (Whole& whole : access.wholes) whole.name = last_name(info, function, path);
  if (!access.unknown.empty()) {
    Access unknown;
    unknown.unknown = std::move(access.unknown);
    unknown.type = access.type;
    access = std::move(unknown);
  }
  return resolved;
}

}  // namespace gotap::go
