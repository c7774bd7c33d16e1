// Interfaces within whole values: errors by their text, contexts by their kind, all else by its
// type and value; see value_text.h, and runtime_errors.cc for the runtime's own errors.
//
// Facts: runtime/runtime2.go (iface, eface, itab); context/context.go.
#include "base/text.h"
#include "go/access_walk.h"
#include "trace/go_text.h"
#include "trace/value_text.h"

namespace gotap::trace {

namespace {

using go::ErrorForm;
using go::GoType;
using go::TypeKind;
using State = CopiedMemory::State;

constexpr uint64_t kDataWord = 8;    // in an interface
constexpr uint64_t kItabTypeAt = 8;  // in an itab
constexpr std::string_view kCutInterface = "…";
constexpr int kMostContexts = 64;

/// What a context type adds to the text of its parent; what it is alone.
struct ContextKind {
  std::string_view type, text;
  bool has_parent = true;
};
constexpr ContextKind kContextKinds[] = {
    {"context.cancelCtx", ".WithCancel"},
    {"context.timerCtx", ".WithDeadline"},
    {"context.valueCtx", ".WithValue"},
    {"context.withoutCancelCtx", ".WithoutCancel"},
    {"context.afterFuncCtx", ".AfterFunc"},
    {"context.stopCtx", ""},
    {"context.backgroundCtx", "context.Background", false},
    {"context.todoCtx", "context.TODO", false},
    {"context.emptyCtx", "context.emptyCtx", false},  // up to 1.20 both are of this type
};

}  // namespace

const ErrorForm* ValueTypes::error_form(uint64_t address) const {
  if (!forms_) {
    forms_.emplace();
    for (const ErrorForm& form : go::error_forms(info(), error_texts_))
      forms_->emplace(form.type_address, form);
  }
  const auto found = forms_->find(address);
  return found == forms_->end() ? nullptr : &found->second;
}

// The address of the type's descriptor in the file; 0: nil. Nothing: it is not there.
std::optional<uint64_t> ValueText::dynamic_type(const GoType& type, const ValueView& view) {
  const auto word = view.bytes.u64(view.at);
  if (!word || *word == 0) return word;
  if (!type.has_methods) return *word - memory_.bias();
  const auto named = memory_.at(*word + kItabTypeAt, go::kWord).bytes.u64(0);
  if (!named) return std::nullopt;
  return *named - memory_.bias();
}

void ValueText::interface(const GoType& type, const ValueView& view, uint32_t depth) {
  uint64_t word = 0, data = 0;
  if (!scalar(view, go::kWord, word)) return;
  if (word == 0) {
    out_ += "<nil>";
    return;
  }
  if (!scalar(view + kDataWord, go::kWord, data)) return;
  const auto address = dynamic_type(type, view);
  const auto id = address ? program_.info().type_at(*address) : std::nullopt;
  if (!id) {
    out_ += address ? "(type " + hex(*address) + ")…" : std::string(kCutInterface);
    return;
  }
  const GoType& holds = types_.at(*id);
  if (full() || context_text(holds, view + kDataWord, depth)) return;
  if (error_text(*address, view + kDataWord, depth)) return;
  if (depth < limits_.depth && runtime_error(holds, data)) return;
  out_ += "(" + go::short_name(holds.name) + ")";
  if (go::is_direct(types_, *id, minor_)) return show(*id, view + kDataWord, depth);
  if (holds.size == 0) return show(*id, {}, depth + 1);
  CopiedMemory::Stretch bytes;
  if (depth < limits_.depth) bytes = memory_.at(data, holds.size);
  if (bytes.state != State::Known) return missing(bytes);
  show(*id, {bytes.bytes}, depth + 1);
}

// Of an error whose text can be made, whose data word is at `data`. False: it is none.
bool ValueText::error_text(uint64_t address, const ValueView& data, uint32_t depth) {
  const auto id = program_.info().type_at(address);
  const std::string_view constant =
      id ? go::constant_error_text(types_.at(*id).name) : std::string_view();
  if (!constant.empty()) {
    out_ += constant;
    return true;
  }
  const ErrorForm* form = program_.error_form(address);
  return form && error_part(*form, data, depth);
}

bool ValueText::error_part(const ErrorForm& form, const ValueView& data, uint32_t depth) {
  const auto word = data.bytes.u64(data.at);
  // A nil pointer to an error is an error without a text.
  if (!word || *word == 0 || depth >= limits_.depth) return false;
  // Strings and errors behind the data word.
  const auto behind = [&](uint64_t offset, uint64_t size) {
    const auto bytes = memory_.at(*word + offset, size);
    return ValueView{bytes.bytes, 0, nullptr, bytes.state == State::NotResident};
  };
  GoType error;
  error.kind = TypeKind::Interface;
  switch (form.kind) {
    case ErrorForm::Kind::Text: text(behind(form.offset, 16)); return true;
    case ErrorForm::Kind::Number: {
      uint64_t number = 0;
      if (scalar(behind(0, form.size), form.size, number)) out_ += go_errno_text(number, minor_);
      return true;
    }
    case ErrorForm::Kind::Path: {
      const bool has_op = form.offset != ErrorForm::kNone,
                 has_text = form.second != ErrorForm::kNone;
      if (has_op) text(behind(form.offset, 16));
      if (has_op && has_text) out_ += ' ';
      if (has_text) text(behind(form.second, 16));
      if (has_op || has_text) out_ += ": ";
      interface(error, behind(form.next, 16), depth + 1);
      return true;
    }
    case ErrorForm::Kind::Join: {
      uint64_t list = 0, length = 0;
      const ValueView words = behind(form.offset, 16);
      if (!scalar(words, 8, list) || !scalar(words + 8, 8, length)) return true;
      for (uint64_t i = 0; i < length && !full(); i++) {
        if (i > 0) out_ += '\n';
        const auto one = memory_.at(list + i * 16, 16);
        if (i == limits_.elements || one.state != State::Known) {
          missing(i == limits_.elements ? CopiedMemory::Stretch{} : one);
          break;
        }
        interface(error, {one.bytes}, depth + 2);
      }
      return true;
    }
  }
  return false;
}

// Of a context.Context of the package's own, whose data word is at `data`. False: it is none.
bool ValueText::context_text(const GoType& type, const ValueView& data, uint32_t depth) {
  std::string_view name = type.name;
  if (!name.starts_with("*context.") && !name.starts_with("context.")) return false;
  const bool by_pointer = name.starts_with("*");
  if (by_pointer) name.remove_prefix(1);
  for (const ContextKind& kind : kContextKinds) {
    if (kind.type != name) continue;
    if (!kind.has_parent) {
      out_ += kind.text;
      return true;
    }
    const auto found = by_pointer ? std::optional(type.elem) : std::nullopt;
    const auto address = data.bytes.u64(data.at);
    CopiedMemory::Stretch bytes;
    if (found && address && depth < limits_.depth)
      bytes = memory_.at(*address, types_.at(*found).size);
    if (bytes.state != State::Known || !parent_context(*found, {bytes.bytes}, depth + 1))
      missing(bytes);
    out_ += kind.text;
    return true;
  }
  return false;
}

// The context that one holds first, maybe within structs.
bool ValueText::parent_context(go::TypeId id, const ValueView& view, uint32_t depth) {
  ValueView at = view;
  for (int i = 0; i < kMostContexts; i++) {
    const GoType& type = types_.at(id);
    if (type.kind == TypeKind::Interface) {
      interface(type, at, depth);
      return true;
    }
    if (type.kind == TypeKind::Struct && !type.fields.empty()) {
      at = at + type.fields.front().offset;
      id = type.fields.front().type;
    } else if (type.kind == TypeKind::Pointer) {
      const auto address = at.bytes.u64(at.at);
      const auto bytes = memory_.at(address.value_or(0), types_.at(type.elem).size);
      if (bytes.state != State::Known) return false;
      at = {bytes.bytes};
      id = type.elem;
      depth++;
    } else {
      return false;
    }
  }
  return false;
}

}  // namespace gotap::trace
