// What a context.Context knows of the OpenTelemetry span it was made for: trace_id() and span_id()
// as hexadecimal digits. Entry point: Generator::go_span_id().
//
// A context holds its parent; the span is the value of a *context.valueCtx whose key has
// OpenTelemetry's own type. Which types there are, and where their fields are, says
// go::ContextForms. Each link is one read.
#include <map>
#include <tuple>

#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using go::ContextForms;

namespace {

constexpr int32_t kMostLinks = 32;
constexpr uint32_t kMostOfLink = 64;

auto shape_of_link(const ContextForms::Link& link) {
  return std::make_tuple(link.parent, link.is_value, link.key, link.value);
}

}  // namespace

// dst = the digits; empty if the chain ends without a span. `dst` has room for all of them.
void Generator::go_span_id(const GoOperand& value, Place dst) {
  const go::Access& access = *value.access;
  if (!access.unknown.empty()) return asm_.jump(unknown_because(reason_code(access.unknown)));
  if (access.words.size() < 2) return fail("internal error: not a context");
  Memory::Scope scope(memory_);
  const ContextForms& forms = access.contexts;
  Place pair = memory_.allocate_on_stack(kInterface), made = memory_.allocate_on_stack(kWord);
  GoBase base = go_steps(value);
  const std::vector<go::Word> both{access.words[0], access.words[1]};
  const std::vector<Place> places = go_fetch(both, base);
  for (size_t i = 0; i < 2; i++) {
    go_load(R0, both[i], places[i], base);
    asm_.store(Width::U64, pair.base, pair.offset + static_cast<int32_t>(i) * kWord, R0);
  }
  Label head = asm_.label(), none = asm_.label(), again = asm_.label(), done = asm_.label();
  // The verifier follows a counter on the stack through all rounds.
  asm_.mov(R1, 0);
  asm_.store(Width::U64, made.base, made.offset, R1);
  asm_.bind(head);
  asm_.load(Width::U64, R0, pair.base, pair.offset);
  asm_.jump(Jump::Eq, R0, 0, none);
  Place type = memory_.allocate(kWord);
  asm_.store(Width::U64, type.base, type.offset, R0);
  go_read(type, {GoBase::In::Memory, 0, type, 0}, kWord, kWord);
  asm_.load(Width::U64, R0, type.base, type.offset);
  go_reference_of(value.target);
  auto match = [&](uint64_t address, Label to) {
    asm_.load_imm(R1, go_reference(value.target, address));
    asm_.jump(Jump::Eq, R0, R1, to);
  };
  for (uint64_t end : forms.ends) match(end, none);
  std::map<decltype(shape_of_link({})), std::pair<Label, const ContextForms::Link*>> links;
  for (const ContextForms::Link& link : forms.links) {
    auto [entry, added] = links.try_emplace(shape_of_link(link));
    if (added) entry->second = {asm_.label(), &link};
    match(link.type_address, entry->second.first);
  }
  asm_.jump(unknown_because(reason_code("context of an unknown type")));
  for (const auto& [shape, link] : links) {
    asm_.bind(link.first);
    go_context_link(value, *link.second, pair, dst, none, done);
    asm_.jump(again);
  }
  asm_.bind(again);
  asm_.load(Width::U64, R1, made.base, made.offset);
  asm_.jump(Jump::Ge, R1, kMostLinks - 1,
            unknown_because(reason_code("more than " + std::to_string(kMostLinks) +
                                        " contexts inside of each other")));
  asm_.alu(Alu::Add, R1, 1);
  asm_.store(Width::U64, made.base, made.offset, R1);
  asm_.jump(head);
  asm_.bind(none);
  asm_.store(Width::U64, dst.base, dst.offset, 0);
  asm_.bind(done);
}

// The context whose data word is the second of `pair`: goes on with `pair` being its parent, or
// jumps to `done` with the digits, or to `none`.
void Generator::go_context_link(const GoOperand& value, const ContextForms::Link& link, Place pair,
                                Place dst, Label none, Label done) {
  Memory::Scope scope(memory_);
  const ContextForms& forms = value.access->contexts;
  const GoBase data{GoBase::In::Memory, 0, pair + kWord, 0};
  auto at = [](uint32_t offset) { return static_cast<int32_t>(offset); };
  if (!link.is_value) return go_read(pair, data, link.parent, kInterface);
  const uint32_t first = std::min({link.parent, link.key, link.value});
  const uint32_t bytes = std::max({link.parent, link.key, link.value}) + kInterface - first;
  if (bytes > kMostOfLink) return fail("internal error: fields of context.valueCtx");
  Place block = memory_.allocate(bytes);
  go_read(block, data, first, bytes);
  Label parent = asm_.label();
  Place key = block + at(link.key - first), held = block + at(link.value - first);
  asm_.load(Width::U64, R0, key.base, key.offset);
  go_reference_of(value.target);
  asm_.load_imm(R1, go_reference(value.target, forms.key_type));
  asm_.jump(Jump::Ne, R0, R1, parent);

  asm_.load(Width::U64, R0, held.base, held.offset);
  asm_.jump(Jump::Eq, R0, 0, none);
  go_reference_of(value.target);
  auto match = [&](uint64_t address, Label to) {
    asm_.load_imm(R1, go_reference(value.target, address));
    asm_.jump(Jump::Eq, R0, R1, to);
  };
  for (uint64_t end : forms.ends) match(end, none);
  const bool trace = value.value->aspect == go::Aspect::TraceId;
  const uint32_t count = trace ? 16 : 8;
  std::map<uint32_t, Label> ids;  // by the place of the id
  for (const ContextForms::Span& span : forms.spans) {
    auto [entry, added] = ids.try_emplace(trace ? span.trace_id : span.span_id, Label{});
    if (added) entry->second = asm_.label();
    match(span.type_address, entry->second);
  }
  asm_.jump(unknown_because(reason_code("span of an unknown type")));
  for (const auto& [offset, label] : ids) {
    Memory::Scope id_scope(memory_);
    Place id = memory_.allocate(count);
    asm_.bind(label);
    go_read(id, {GoBase::In::Memory, 0, held + kWord, 0}, offset, count);
    asm_.load(Width::U64, R1, id.base, id.offset);
    if (trace) {
      asm_.load(Width::U64, R2, id.base, id.offset + kWord);
      asm_.alu(Alu::Or, R1, R2);
    }
    asm_.jump(Jump::Eq, R1, 0, none);  // a span that is none
    hex_text(dst, id, count);
    asm_.jump(done);
  }
  asm_.bind(parent);
  Place from = block + at(link.parent - first);
  copy(pair, from.base, from.offset, kInterface);
}

// dst = `count` bytes, a multiple of 4, as two digits each. Four bytes at a time: each is moved to
// 16 bits of its own, cut into two halves, and the halves become digits side by side.
void Generator::hex_text(Place dst, Place bytes, uint32_t count) {
  for (int32_t i = 0; i < static_cast<int32_t>(count); i += 4) {
    asm_.load(Width::U32, R1, bytes.base, bytes.offset + i);
    auto spread = [&](int32_t bits, uint64_t mask) {
      asm_.mov(R2, R1);
      asm_.alu(Alu::Lsh, R2, bits);
      asm_.alu(Alu::Or, R1, R2);
      asm_.load_imm(R3, mask);
      asm_.alu(Alu::And, R1, R3);
    };
    spread(16, 0x0000ffff0000ffff);
    spread(8, 0x00ff00ff00ff00ff);
    asm_.mov(R2, R1);
    asm_.alu(Alu::Rsh, R2, 4);
    asm_.load_imm(R3, 0x000f000f000f000f);
    asm_.alu(Alu::And, R1, R3);
    asm_.alu(Alu::And, R2, R3);
    asm_.alu(Alu::Lsh, R1, 8);
    asm_.alu(Alu::Or, R1, R2);
    // '0' + n, and 'a' - '9' - 1 more from 10 on.
    asm_.load_imm(R3, 0x0606060606060606);
    asm_.mov(R2, R1);
    asm_.alu(Alu::Add, R2, R3);
    asm_.alu(Alu::Rsh, R2, 4);
    asm_.load_imm(R3, 0x0101010101010101);
    asm_.alu(Alu::And, R2, R3);
    asm_.alu(Alu::Mul, R2, 'a' - '9' - 1);
    asm_.load_imm(R3, 0x3030303030303030);
    asm_.alu(Alu::Add, R1, R3);
    asm_.alu(Alu::Add, R1, R2);
    asm_.store(Width::U64, dst.base, dst.offset + kStringData + 2 * i, R1);
  }
  asm_.store(Width::U64, dst.base, dst.offset, static_cast<int32_t>(2 * count));
}

}  // namespace gotap::codegen
