// Fuzzes the instruction decoder and the search for sites with arbitrary code, and checks what
// must hold of every answer: sites lie on instruction boundaries found by decoding, RETs are RET
// instructions, nothing is both there and refused.
#include <cstdlib>

#include "arch/x86_64.h"
#include "go/sites.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gotap;
  constexpr uint64_t kEntry = 0x401000;
  if (size < 1 || size > 4096) return 0;
  const bool is_go = data[0] & 1;
  const Bytes code(data + 1, size - 1);
  for (size_t at = 0; at < code.size() && at < 64; at++) {
    auto insn = arch::decode(code.from(at), kEntry + at);
    require(!insn || (insn->length >= 1 && insn->length <= arch::kMaxInstructionLength &&
                      at + insn->length <= code.size()));
    const arch::PrologueOp op = arch::decode_prologue(code.from(at), kEntry + at);
    require(op.kind == arch::PrologueOp::Kind::None || insn.has_value());
    require(!arch::tls_displacement(code.from(at)) || insn.has_value());
  }
  const go::DecodedFunction function = go::decode_function(code, kEntry);
  const go::FunctionSites sites = go::find_sites({code,
                                                  kEntry,
                                                  is_go,
                                                  is_go ? go::GSource::R14 : go::GSource::None,
                                                  {{kEntry, kEntry + code.size(), 0}}});
  require(sites.entry.has_value() == sites.entry_refused.empty());
  require(sites.rets.empty() || sites.rets_refused.empty());
  auto on_boundary = [&](uint64_t address) {
    return function.index_of(address) < function.insns.size();
  };
  if (sites.entry) require(on_boundary(sites.entry->address));
  for (const go::RetSite& ret : sites.rets) {
    require(on_boundary(ret.address));
    auto insn = arch::decode(code.from(ret.address - kEntry), ret.address);
    require(insn && insn->flow == arch::Flow::Ret);
  }
  for (const go::TailJump& jump : sites.tail_jumps)
    require(jump.target < kEntry || jump.target >= kEntry + code.size());
  return 0;
}
