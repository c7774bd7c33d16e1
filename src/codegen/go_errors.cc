// Errors of Go programs: how their text is had depends on their dynamic type (go::ErrorForm), and
// what they wrap is an error again. Entry point: Generator::read_error().
//
// An error is up to GoErrorLayout::kNodes nodes, in the order in which their text is read: a path
// error before what it wraps, joined errors behind the one that joins them. Joined errors inside of
// joined ones are kept only if nothing comes after them; else the inner one is shown by its type.
// The code of a node stands there once for each, as a program has no functions: forms of the same
// kind and places share it.
#include <map>
#include <tuple>

#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using Layout = GoErrorLayout;
using go::ErrorForm;

namespace {

constexpr int32_t at(uint32_t offset) { return static_cast<int32_t>(offset); }
constexpr int32_t number(Layout::State state) { return static_cast<int32_t>(state); }

// What the code of a form depends on.
auto shape_of_form(const ErrorForm& form) {
  return std::make_tuple(form.kind, form.offset, form.second, form.next, form.size);
}

}  // namespace

// dst = the error, a GoErrorLayout, of a Go value.
void Generator::read_error(const Expr& expr, Place dst) {
  if (is_kept(expr)) {
    const int32_t offset = load_saved(expr);
    return copy(dst, R0, offset, Layout::kSize);
  }
  if (GoOperand operand = go_operand(expr)) go_error(operand, dst);
}

void Generator::go_error(const GoOperand& value, Place dst) {
  const go::Access& access = *value.access;
  if (!access.unknown.empty()) return asm_.jump(unknown_because(reason_code(access.unknown)));
  if (access.words.size() < 2) return fail("internal error: not an error of Go");
  Memory::Scope scope(memory_);
  // The two words of the error at hand, and what comes after it.
  Place pair = memory_.allocate(kInterface);
  GoErrorWalk walk{memory_.allocate(kWord), memory_.allocate(kWord), memory_.allocate(kWord)};
  {
    Memory::Scope words(memory_);
    GoBase base = go_steps(value);
    const std::vector<go::Word> both{access.words[0], access.words[1]};
    const std::vector<Place> places = go_fetch(both, base);
    for (size_t i = 0; i < 2; i++) {
      go_load(R0, both[i], places[i], base);
      asm_.store(Width::U64, pair.base, pair.offset + static_cast<int32_t>(i) * kWord, R0);
    }
  }
  zero(dst, Layout::kSize);
  for (Place slot : {walk.next, walk.list, walk.list_left}) zero(slot, kWord);
  Label done = asm_.label();
  for (uint32_t i = 0; i < Layout::kNodes; i++) {
    Place node = dst + at(i * Layout::kNodeSize);
    Label listed = asm_.label(), found = asm_.label(), unreadable = asm_.label(),
          next = asm_.label();
    if (i > 0) {
      asm_.load(Width::U64, R3, walk.next.base, walk.next.offset);
      asm_.jump(Jump::Eq, R3, 0, listed);
      zero(walk.next, kWord);
      asm_.jump(found);
      asm_.bind(listed);
      asm_.load(Width::U64, R1, walk.list_left.base, walk.list_left.offset);
      asm_.jump(Jump::Eq, R1, 0, done);
      asm_.alu(Alu::Sub, R1, 1);
      asm_.store(Width::U64, walk.list_left.base, walk.list_left.offset, R1);
      asm_.load(Width::U64, R3, walk.list.base, walk.list.offset);
      asm_.mov(R1, R3);
      asm_.alu(Alu::Add, R1, kInterface);
      asm_.store(Width::U64, walk.list.base, walk.list.offset, R1);
      asm_.bind(found);
      asm_.mov(R2, kInterface);
      address(R1, pair);
      asm_.call(Helper::ProbeReadUser);
      asm_.jump(Jump::Ne, R0, 0, unreadable);
    }
    attempt([&] { go_error_node(value, node, pair, walk, i == 0 && !has_itab(value)); },
            [&] { asm_.jump(unreadable); });
    asm_.jump(next);
    asm_.bind(unreadable);
    asm_.store(Width::U64, node.base, node.offset + at(Layout::kState),
               number(Layout::State::Unreadable));
    // Nothing half read.
    zero(node + at(Layout::kNumber), kWord);
    zero(node + at(Layout::kOp), kWord + Layout::kOpBytes);
    zero(node + at(Layout::kText), kWord + Layout::kTextBytes);
    asm_.bind(next);
  }
  asm_.bind(done);
}

// One node, of the interface in `pair`; `plain`: its first word is a type, not an itab. Unknown if
// something of it cannot be read.
void Generator::go_error_node(const GoOperand& value, Place node, Place pair,
                              const GoErrorWalk& walk, bool plain) {
  Memory::Scope scope(memory_);
  Label done = asm_.label();
  asm_.load(Width::U64, R0, pair.base, pair.offset);
  asm_.jump(Jump::Eq, R0, 0, done);
  if (!plain) {
    asm_.alu(Alu::Add, R0, kWord);
    read_user(kWord, false);
  }
  go_reference_of(value.target);
  asm_.store(Width::U64, node.base, node.offset + at(Layout::kType), R0);
  std::map<decltype(shape_of_form({})), std::pair<Label, const ErrorForm*>> forms;
  for (const ErrorForm& form : value.access->errors) {
    auto [entry, added] = forms.try_emplace(shape_of_form(form));
    if (added) entry->second = {asm_.label(), &form};
    asm_.load_imm(R1, go_reference(value.target, form.type_address));
    asm_.jump(Jump::Eq, R0, R1, entry->second.first);
  }
  asm_.jump(done);
  for (const auto& [shape, form] : forms) {
    asm_.bind(form.first);
    go_error_form(*form.second, node, {GoBase::In::Memory, 0, pair + kWord, 0}, walk);
    asm_.jump(done);
  }
  asm_.bind(done);
}

// What a form says; `data` is the interface's data word.
void Generator::go_error_form(const ErrorForm& form, Place node, const GoBase& data,
                              const GoErrorWalk& walk) {
  Memory::Scope scope(memory_);
  GoBase from = data;
  auto state = [&](Layout::State value) {
    asm_.store(Width::U64, node.base, node.offset + at(Layout::kState), number(value));
  };
  auto text = [&](uint32_t offset, uint32_t place, uint32_t bytes) {
    if (offset == ErrorForm::kNone) return;
    from.offset = offset;
    go_text(from, node + at(place), bytes);
  };
  switch (form.kind) {
    case ErrorForm::Kind::Text:
      text(form.offset, Layout::kText, Layout::kTextBytes);
      return state(Layout::State::Text);
    case ErrorForm::Kind::Number: {
      const uint32_t size = form.size == 1 || form.size == 2 || form.size == 4 ? form.size : 8;
      Place word = memory_.allocate(kWord);
      go_read(word, data, 0, size);
      asm_.load(width_of(size), R0, word.base, word.offset);
      asm_.store(Width::U64, node.base, node.offset + at(Layout::kNumber), R0);
      return state(Layout::State::Number);
    }
    case ErrorForm::Kind::Path:
      text(form.offset, Layout::kOp, Layout::kOpBytes);
      text(form.second, Layout::kText, Layout::kTextBytes);
      asm_.store(
          Width::U64, node.base, node.offset + at(Layout::kNumber),
          (form.offset != ErrorForm::kNone ? 1 : 0) | (form.second != ErrorForm::kNone ? 2 : 0));
      go_address(R1, data, form.next);
      asm_.store(Width::U64, walk.next.base, walk.next.offset, R1);
      return state(Layout::State::Path);
    case ErrorForm::Kind::Join: {
      Label nested = asm_.label(), few = asm_.label();
      Place slice = memory_.allocate(kInterface);
      asm_.load(Width::U64, R1, walk.list_left.base, walk.list_left.offset);
      asm_.jump(Jump::Ne, R1, 0, nested);
      go_read(slice, data, form.offset, kInterface);
      asm_.load(Width::U64, R2, slice.base, slice.offset + kWord);
      check_length(unknown_);
      asm_.load(Width::U64, R1, slice.base, slice.offset);
      asm_.store(Width::U64, walk.list.base, walk.list.offset, R1);
      asm_.store(Width::U64, node.base, node.offset + at(Layout::kNumber), R2);
      state(Layout::State::Join);
      asm_.jump(Jump::Le, R2, at(Layout::kNodes), few);
      asm_.mov(R2, at(Layout::kNodes));
      asm_.bind(few);
      asm_.store(Width::U64, walk.list_left.base, walk.list_left.offset, R2);
      return asm_.bind(nested);
    }
  }
}

// dst = the string whose two words stand at `words`.
void Generator::go_text(const GoBase& words, Place dst, uint32_t capacity) {
  Memory::Scope scope(memory_);
  Place pair = memory_.allocate(kInterface);
  go_read(pair, words, 0, kInterface);
  asm_.load(Width::U64, R2, pair.base, pair.offset + kWord);
  check_length(unknown_);
  go_bytes({GoBase::In::Memory, 0, pair, 0}, dst, capacity, unknown_);
}

}  // namespace gotap::codegen
