// Several fields of one object in one event: `printf("%d %s", args.req.ID, args.req.Key)` reads the
// part of the object that holds them all once (DESIGN rule 17). Entry point:
// Generator::fill_go_fields().
//
// Only if that read succeeds are the fields taken from it; else each is read for itself, so that
// one that cannot be had does not hide the others, and says its own reason.
#include <algorithm>
#include <cstdint>

#include "arch/registers.h"
#include "codegen/generator.h"

namespace gotap::codegen {

using namespace bpf;
using go::Aspect;
using go::Word;

namespace {
constexpr int64_t kMostOfFields = 512;  // bytes of one read
}  // namespace

// Whether the value is made of words behind an address that takes no index to find, as they are.
bool Generator::is_go_field(const Expr& expr) const {
  if (expr.kind != Expr::Kind::GoValue || is_kept(expr) || !expr.kids.empty()) return false;
  if (!shape_ || action_.layout >= builder_.plan.layouts.size()) return false;
  const plan::Layout& layout = builder_.plan.layouts[action_.layout];
  if (expr.slot >= layout.values.size()) return false;
  const go::Access& access = layout.values[expr.slot];
  const bool text = expr.type.has_bytes();
  if (clause_->go_values[expr.slot].aspect >= Aspect::TypeOf || !access.unknown.empty() ||
      access.low || access.high || access.words.size() < (text ? 2 : 1) ||
      (expr.type.in_memory() && !text))
    return false;
  for (const go::AccessStep& step : access.steps)
    if (step.nil_is_zero) return false;
  // The verifier takes aligned loads from the BPF stack only.
  for (size_t i = 0; i < (text ? 2 : 1); i++)
    if (access.words[i].in != access.words[0].in ||
        access.words[i].offset % access.words[i].size != 0)
      return false;
  return access.words[0].in == Word::In::Base || access.words[0].in == Word::In::Stack;
}

// The values at `from` and behind it that one read can have, by index.
std::vector<size_t> Generator::go_fields_beside(const std::vector<const Expr*>& values,
                                                size_t from) const {
  const auto& accesses = builder_.plan.layouts[action_.layout].values;
  std::vector<size_t> beside;
  int64_t low = 0, high = 0;
  for (size_t i = from; i < values.size(); i++) {
    if (!is_go_field(*values[i])) continue;
    const go::Access& first = accesses[values[from]->slot];
    const go::Access& access = accesses[values[i]->slot];
    if (access.steps != first.steps || access.words[0].in != first.words[0].in) continue;
    int64_t begin = access.words[0].offset, end = begin + access.words[0].size;
    if (values[i]->type.has_bytes()) {
      begin = std::min(begin, access.words[1].offset);
      end = std::max(end, access.words[1].offset + access.words[1].size);
    }
    if (beside.empty()) low = begin, high = end;
    if (std::max(high, end) - std::min(low, begin) > kMostOfFields) continue;
    low = std::min(low, begin);
    high = std::max(high, end);
    beside.push_back(i);
  }
  return beside;
}

// Fills those of the fields that are read together; which they are is marked in `filled`.
void Generator::fill_go_fields(const EventLayout& layout, const std::vector<const Expr*>& values,
                               std::vector<bool>& filled) {
  for (size_t from = 0; from < values.size(); from++) {
    if (filled[from] || !is_go_field(*values[from])) continue;
    std::vector<size_t> beside = go_fields_beside(values, from);
    std::erase_if(beside, [&](size_t i) { return filled[i]; });
    if (beside.size() < 2) continue;
    for (size_t i : beside) filled[i] = true;
    attempt([&] { read_go_fields(layout, values, beside); },
            [&] {
              for (size_t i : beside) fill_field(layout.fields[i], *values[i]);
            });
  }
}

void Generator::read_go_fields(const EventLayout& layout, const std::vector<const Expr*>& values,
                               const std::vector<size_t>& beside) {
  Memory::Scope scope(memory_);
  std::vector<GoOperand> operands;
  int64_t low = INT64_MAX, high = INT64_MIN;
  for (size_t i : beside) {
    operands.push_back(go_operand(*values[i]));
    if (!operands.back()) return;
    for (size_t word = 0; word < (values[i]->type.has_bytes() ? 2 : 1); word++) {
      const Word& part = operands.back().access->words[word];
      low = std::min(low, part.offset);
      high = std::max(high, part.offset + part.size);
    }
  }
  low &= ~int64_t{7};  // what is aligned in the object is so in the block
  const bool stack = operands[0].access->words[0].in == Word::In::Stack;
  GoBase base = go_steps(operands[0]);
  if (stack) base = {GoBase::In::Registers, arch::PtRegs::sp, {}, 0};
  const auto bytes = static_cast<uint32_t>(high - low);
  Place block = memory_.allocate(bytes);
  go_read(block, base, low, bytes);
  for (size_t i = 0; i < beside.size(); i++) {
    const Field& field = layout.fields[beside[i]];
    const std::vector<Word>& words = operands[i].access->words;
    auto place = [&](const Word& word) { return block + static_cast<int32_t>(word.offset - low); };
    Place dst{R8, static_cast<int32_t>(field.offset)};
    if (field.type.has_bytes()) {
      Label bad = asm_.label(), done = asm_.label();
      go_load(R2, words[1], place(words[1]), base);
      check_length(bad);
      go_bytes({GoBase::In::Memory, 0, place(words[0]), 0}, dst,
               std::min(field.type.capacity, builder_.program.max_strlen), bad);
      asm_.jump(done);
      asm_.bind(bad);
      not_readable(dst);
      asm_.bind(done);
    } else {
      go_load(R0, words[0], place(words[0]), base);
      asm_.store(Width::U64, dst.base, dst.offset, R0);
    }
  }
}

}  // namespace gotap::codegen
