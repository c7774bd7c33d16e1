// The steps of a path and what is taken at its end; see access_walk.h.
//
// Facts: reflect/value.go and runtime/{string,slice,iface,chan}.go (the words that values are made
// of), runtime/map.go and internal/runtime/maps/map.go ("Must be first (known by the compiler, for
// len() builtin)"), the same in Go 1.15 to 1.27.
#include "go/access_walk.h"

#include <algorithm>

#include "base/text.h"
#include "go/versions.h"

namespace gotap::go {

namespace {

constexpr uint64_t kLength = 8, kCapacity = 16;    // in a string or slice
constexpr uint64_t kData = 8;                      // in an interface
constexpr uint64_t kChanCount = 0, kChanSize = 8;  // hchan.qcount, dataqsiz
constexpr uint64_t kMapCount = 0;                  // hmap.count, maps.Map.used

PathError failure(std::string message, std::string hint = "") {
  return {std::move(message), std::move(hint), -1};
}

bool is_pointer_like(TypeKind kind) {
  return kind == TypeKind::Pointer || kind == TypeKind::UnsafePointer || kind == TypeKind::Func ||
         kind == TypeKind::Map || kind == TypeKind::Chan;
}

bool is_scalar(const GoType& type) {
  switch (type.kind) {
    case TypeKind::Bool:
    case TypeKind::Int:
    case TypeKind::Uint:
      return type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8;
    case TypeKind::Float: return type.size == 4 || type.size == 8;
    default: return false;
  }
}

Word constant(uint64_t value) {
  return {Word::In::Constant, 8, false, static_cast<int64_t>(value)};
}

// What a user could mean who takes a field of something that has none.
std::string field_hint(const GoType& type) {
  switch (type.kind) {
    case TypeKind::Interface: return "say what it holds: .(*pkg.Type), as typeof() shows it";
    case TypeKind::Slice:
    case TypeKind::Array: return "an element has: [0].";
    default: return "";
  }
}

}  // namespace

std::string with_article(const std::string& name) {
  const bool vowel = !name.empty() && std::string_view("aeioAEIO").find(name[0]) < 8;
  return (vowel ? "an " : "a ") + name;
}

Word Walk::part(uint64_t offset, uint64_t size, bool is_signed) {
  const auto bytes = static_cast<uint8_t>(size);
  const int64_t at = place_.offset + static_cast<int64_t>(offset);
  if (place_.in == Place::In::Stack) return {Word::In::Stack, bytes, is_signed, at};
  if (place_.in == Place::In::Base) return {Word::In::Base, bytes, is_signed, at};
  std::string unknown = place_.missing;
  for (const LoosePart& part : place_.parts) {
    if (part.offset != static_cast<uint64_t>(at)) continue;
    if (part.unknown.empty() && part.word.size == size) {
      Word word = part.word;
      word.is_signed = is_signed;
      return word;
    }
    if (!part.unknown.empty()) unknown = part.unknown;
  }
  if (access_.unknown.empty()) access_.unknown = std::move(unknown);
  return constant(0);
}

void Walk::follow(Word pointer, TypeId to) {
  AccessStep step;
  step.kind = AccessStep::Kind::Pointer;
  step.first = pointer;
  access_.steps.push_back(step);
  place_ = {Place::In::Base, 0, {}, to};
}

void Walk::to_base() {
  AccessStep step;
  if (place_.in == Place::In::Stack) {
    step.kind = AccessStep::Kind::StackBase;
  } else {
    if (place_.offset == 0) return;
    step.kind = AccessStep::Kind::Add;
  }
  step.number = place_.offset;
  access_.steps.push_back(step);
  place_.in = Place::In::Base;
  place_.offset = 0;
}

std::optional<PathError> Walk::step(const PathStep& step) {
  if (sliced_)
    return failure("a part [low:high] is the last step", "take the element first: args.list[2]");
  std::optional<PathError> error;
  switch (step.kind) {
    case PathStep::Kind::Field: error = field(step.name); break;
    case PathStep::Kind::Index: error = index(step); break;
    case PathStep::Kind::Slice: error = slice(step); break;
    case PathStep::Kind::Assert: error = assertion(step.name); break;
    case PathStep::Kind::Deref: error = deref(); break;
  }
  access_.type = place_.type;
  return error;
}

// Why what a pointer points to cannot be told, if it cannot.
std::optional<PathError> Walk::unknown_target() {
  if (type().kind != TypeKind::Pointer || types_.at(type().elem).kind != TypeKind::Unknown)
    return std::nullopt;
  const bool shape = type().name.starts_with("go.shape.");
  return failure("what " + with_article(type().name) + " points to is not known",
                 shape ? "Go compiles a generic function once for all pointers" : "");
}

std::optional<PathError> Walk::field(const std::string& name) {
  if (auto error = unknown_target()) return error;
  if (type().kind == TypeKind::Pointer && types_.at(type().elem).kind == TypeKind::Struct)
    follow(part(0, kWord), type().elem);
  if (type().kind == TypeKind::Unknown)
    return failure("what is in " + with_article(type().name) + " is not known");
  if (type().kind != TypeKind::Struct)
    return failure(with_article(type().name) + " has no fields", field_hint(type()));
  const std::vector<FieldPath> found = find_field(types_, place_.type, name);
  if (found.size() > 1)
    return failure(type().name + " has several fields " + name + " at the same depth",
                   "name the embedded field that it is in");
  if (found.empty()) {
    std::vector<std::string_view> names;
    for (const TypeField& field : type().fields) names.push_back(field.name);
    const auto nearest = nearest_names(name, names, 1);
    return failure(
        type().name + " has no field " + name,
        (nearest.empty() ? "" : "did you mean " + nearest[0] + "? ") + field_names(types_, type()));
  }
  for (const TypeField* field : found.front()) {
    if (type().kind == TypeKind::Pointer) follow(part(0, kWord), type().elem);
    place_.offset += static_cast<int64_t>(field->offset);
    place_.type = field->type;
  }
  return std::nullopt;
}

std::optional<PathError> Walk::index(const PathStep& step) {
  if (type().kind == TypeKind::Pointer && types_.at(type().elem).kind == TypeKind::Array)
    follow(part(0, kWord), type().elem);
  if (type().kind == TypeKind::Array) return index_array(step);
  const bool text = type().kind == TypeKind::String;
  if (!text && type().kind != TypeKind::Slice) {
    std::string hint;
    if (type().kind == TypeKind::Map) hint = "what is in maps cannot be looked up";
    if (type().kind == TypeKind::Pointer) hint = "what it points to is *args.p";
    return failure(with_article(type().name) + " has no elements", hint);
  }
  const TypeId element = text ? kByteType : type().elem;
  AccessStep made;
  made.kind = AccessStep::Kind::Index;
  made.first = part(0, kWord);
  made.second = part(kLength, kWord);
  made.number = static_cast<int64_t>(types_.at(element).size);
  made.index = step.index;
  access_.steps.push_back(made);
  place_ = {Place::In::Base, 0, {}, element};
  return std::nullopt;
}

std::optional<PathError> Walk::index_array(const PathStep& step) {
  const GoType& array = type();
  const uint64_t size = types_.at(array.elem).size;
  if (step.index && *step.index >= array.length)
    return failure(array.name + " has " + count_of(array.length, "element") + ", there is no [" +
                       std::to_string(*step.index) + "]",
                   array.length ? "the last is [" + std::to_string(array.length - 1) + "]" : "");
  if (step.index) {
    place_.offset += static_cast<int64_t>(*step.index * size);
  } else if (place_.in == Place::In::Parts) {
    return failure("the only element of this array is in a register", "it is [0]");
  } else {
    to_base();
    AccessStep made;
    made.kind = AccessStep::Kind::Index;
    made.second = constant(array.length);
    made.number = static_cast<int64_t>(size);
    made.in_place = true;
    access_.steps.push_back(made);
  }
  place_.type = array.elem;
  return std::nullopt;
}

std::optional<PathError> Walk::slice(const PathStep& step) {
  if (step.low && step.high && *step.low > *step.high)
    return failure("the part ends before it begins");
  if (type().kind == TypeKind::Pointer && types_.at(type().elem).kind == TypeKind::Array)
    follow(part(0, kWord), type().elem);
  sliced_ = true;
  if (type().kind == TypeKind::Array) return slice_array(step);
  if (type().kind != TypeKind::String && type().kind != TypeKind::Slice)
    return failure(with_article(type().name) + " has no parts [low:high]",
                   "strings, slices and arrays have");
  access_.low = step.low;
  access_.high = step.high;
  return std::nullopt;
}

// An array that is cut up is taken for a slice of it: its words are made here.
std::optional<PathError> Walk::slice_array(const PathStep& step) {
  const GoType& array = type();
  const uint64_t low = step.low.value_or(0), high = step.high.value_or(array.length);
  if (high > array.length || low > high)
    return failure(array.name + " has " + count_of(array.length, "element"));
  if (place_.in == Place::In::Parts)
    return failure("the only element of this array is in a register", "it is [0]");
  to_base();
  const auto begin = static_cast<int64_t>(low * types_.at(array.elem).size);
  access_.words = {
      {Word::In::Address, 8, false, begin}, constant(high - low), constant(high - low)};
  return std::nullopt;
}

std::optional<PathError> Walk::deref() {
  if (type().kind != TypeKind::Pointer)
    return failure(with_article(type().name) + " points to nothing");
  if (auto error = unknown_target()) return error;
  follow(part(0, kWord), type().elem);
  return std::nullopt;
}

bool is_direct(const Types& types, TypeId id, int minor) {
  const bool by_size = minor >= kDirectBySizeMinor;
  for (int depth = 0; depth < 100; depth++) {
    const GoType& type = types.at(id);
    if (is_pointer_like(type.kind)) return true;
    if (by_size && type.size != kWord) return false;
    if (type.kind == TypeKind::Array && type.length == 1) {
      id = type.elem;
    } else if (type.kind == TypeKind::Struct) {
      const TypeField* only = nullptr;
      for (const TypeField& field : type.fields) {
        const bool counts = !by_size || types.at(field.type).size != 0;
        if (counts && only) return false;
        if (counts) only = &field;
      }
      if (!only) return false;
      id = only->type;
    } else {
      return false;
    }
  }
  return false;
}

// Go's x.(T) of a type that is no interface.
std::optional<PathError> Walk::assertion(const std::string& name) {
  if (type().kind != TypeKind::Interface)
    return failure("only interfaces hold values of several types, this is " +
                   with_article(type().name));
  std::vector<TypeId> found = info_.find_types(name);
  std::vector<std::string> names;
  for (TypeId id : found)
    if (std::find(names.begin(), names.end(), types_.at(id).name) == names.end())
      names.push_back(types_.at(id).name);
  if (names.size() > 1)
    return failure("several types are called " + name, "they are " + join_words(names));
  if (found.empty()) {
    const bool pointer = name.starts_with("*");
    const std::string other = pointer ? name.substr(1) : "*" + name;
    if (!info_.find_types(other).empty())
      return failure("no value of type " + name + " is ever in an interface",
                     "did you mean " + other + "?");
    return failure("the program has no type " + name,
                   "types are written with their package, as typeof() shows them: *fs.PathError or "
                   "*io/fs.PathError");
  }
  const TypeId to = found.front();
  if (types_.at(to).kind == TypeKind::Interface)
    return failure(name + " is an interface", "name the type of the value in it");
  AccessStep step;
  step.kind = AccessStep::Kind::Assert;
  step.number = static_cast<int64_t>(info_.runtime_address(to));
  if (step.number == 0)
    return failure("no value of type " + name + " is ever in an interface",
                   "the program has no descriptor of it");
  step.first = part(0, kWord);
  step.has_methods = type().has_methods;
  const Word data = part(kData, kWord);
  access_.steps.push_back(step);
  access_.needs_bias = true;
  if (is_direct(types_, to, info_.minor()))
    place_ = {Place::In::Parts, 0, {{0, data, {}}}, to};
  else
    follow(data, to);
  return std::nullopt;
}

void Walk::take(std::initializer_list<uint64_t> offsets) {
  for (uint64_t offset : offsets) access_.words.push_back(part(offset, kWord));
}

std::optional<PathError> Walk::value() {
  const GoType& type = this->type();
  if (sliced_ && type.kind == TypeKind::Array) return std::nullopt;  // its words are there
  if (is_scalar(type)) {
    access_.words = {part(0, type.size, type.kind == TypeKind::Int)};
  } else if (is_pointer_like(type.kind)) {
    take({0});
  } else if (type.kind == TypeKind::String) {
    take({0, kLength});
  } else if (type.kind == TypeKind::Slice) {
    take({0, kLength, kCapacity});
  } else if (type.kind == TypeKind::Interface) {
    take({0, kData});
  } else if (type.kind == TypeKind::Struct) {
    return failure(with_article(type.name) + " is a struct: pick a part of it",
                   field_names(types_, type));
  } else if (type.kind == TypeKind::Array) {
    return failure(with_article(type.name) + " is an array: pick a part of it",
                   "[0], len(), of bytes buf(...[:])");
  } else if (type.kind == TypeKind::Complex) {
    return failure("complex numbers are not supported");
  } else {
    return failure("what " + with_article(type.name) + " is made of is not known");
  }
  return std::nullopt;
}

std::optional<PathError> Walk::length(bool capacity) {
  const std::string what = capacity ? "capacity" : "length";
  if (sliced_) return failure("the " + what + " of a part [low:high] cannot be had");
  const bool to_array =
      type().kind == TypeKind::Pointer && types_.at(type().elem).kind == TypeKind::Array;
  const GoType& type = to_array ? types_.at(this->type().elem) : this->type();
  const bool is_chan = type.kind == TypeKind::Chan;
  if (type.kind == TypeKind::Array) {
    access_.steps.clear();  // known without a look
    access_.words = {constant(type.length)};
    access_.needs_bias = false;
    access_.unknown.clear();
  } else if (type.kind == TypeKind::Slice || (type.kind == TypeKind::String && !capacity)) {
    access_.words = {part(capacity ? kCapacity : kLength, kWord, true)};
  } else if (is_chan || (type.kind == TypeKind::Map && !capacity)) {
    follow(part(0, kWord), place_.type);
    access_.steps.back().nil_is_zero = true;
    access_.words = {part(!is_chan ? kMapCount : capacity ? kChanSize : kChanCount, kWord, true)};
  } else {
    return failure(with_article(type.name) + " has no " + what,
                   capacity ? "slices, arrays and channels have"
                            : "strings, slices, arrays, maps and channels have");
  }
  return std::nullopt;
}

std::optional<PathError> Walk::first_word() {
  const TypeKind kind = type().kind;
  if (sliced_ || (!is_pointer_like(kind) && kind != TypeKind::Slice && kind != TypeKind::Interface))
    return failure(with_article(type().name) + " is never nil",
                   kind == TypeKind::String ? "an empty string is \"\"" : "");
  take({0});
  return std::nullopt;
}

// The place as it is: what it is made of, the copy finds out by the type.
std::optional<PathError> Walk::whole() {
  if (sliced_)
    return failure("a part [low:high] is no whole value", "show it by %s, str() or buf()");
  if (type().kind == TypeKind::Unknown)
    return failure("what is in " + with_article(type().name) + " is not known");
  Whole whole;
  whole.type = place_.type;
  if (place_.in != Place::In::Parts) {
    whole.in = place_.in == Place::In::Stack ? Word::In::Stack : Word::In::Base;
    whole.offset = place_.offset;
  }
  const auto begin = static_cast<uint64_t>(place_.offset), end = begin + type().size;
  for (const LoosePart& part : place_.parts) {
    if (part.offset < begin || part.offset >= end) continue;
    const auto at = static_cast<uint32_t>(part.offset - begin);
    if (part.unknown.empty())
      whole.parts.push_back({at, part.word});
    else
      whole.missing.push_back({at, part.unknown});
  }
  if (place_.in == Place::In::Parts && place_.missing != Place().missing)
    whole.missing_rest = place_.missing;
  access_.wholes.push_back(std::move(whole));
  access_.needs_bias = true;
  return std::nullopt;
}

std::optional<PathError> Walk::finish(Aspect aspect, const std::vector<std::string>& error_texts) {
  const bool is_interface = type().kind == TypeKind::Interface;
  switch (aspect) {
    case Aspect::Value:
      if (is_interface) {
        access_.errors = error_forms(info_, error_texts);
        access_.needs_bias = true;
      }
      return value();
    case Aspect::Len: return length(false);
    case Aspect::Cap: return length(true);
    case Aspect::Word: return first_word();
    case Aspect::TypeOf:
      if (!is_interface)
        return failure("this is always " + with_article(type().name),
                       "typeof() says what an interface holds");
      access_.needs_bias = true;
      take({0});
      return std::nullopt;
    case Aspect::TraceId:
    case Aspect::SpanId: {
      if (!is_interface) return failure(with_article(type().name) + " is no context.Context");
      auto forms = context_forms(info_);
      if (!forms.ok()) return failure(forms.error().message, forms.error().hint);
      access_.contexts = std::move(*forms);
      access_.needs_bias = true;
      take({0, kData});
      return std::nullopt;
    }
    case Aspect::Whole: return whole();
  }
  return std::nullopt;
}

}  // namespace gotap::go
