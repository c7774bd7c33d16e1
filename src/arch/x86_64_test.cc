// The decoder on instructions as Go and C compilers write them; bytes are from objdump listings.
#include "arch/x86_64.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "arch/registers.h"

namespace gotap::arch {
namespace {

std::vector<uint8_t> unhex(const std::string& text) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 3)
    bytes.push_back(static_cast<uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

struct FlowCase {
  const char* bytes;
  Flow flow;
  bool emulated;
  uint64_t target = 0;  // decoded at 0x1000
};

const FlowCase kFlows[] = {
    {"c3", Flow::Ret, false},
    {"c2 08 00", Flow::Ret, false},
    {"f3 c3", Flow::Ret, false},
    {"eb fe", Flow::Jump, true, 0x1000},
    {"e9 00 01 00 00", Flow::Jump, true, 0x1105},
    {"76 10", Flow::Branch, true, 0x1012},
    {"0f 86 fa ff ff ff", Flow::Branch, true, 0x1000},
    {"0f 82 00 00 00 00", Flow::Branch, true, 0x1006},
    {"e3 02", Flow::Branch, false, 0x1004},  // jrcxz
    {"e2 02", Flow::Branch, false, 0x1004},  // loop
    {"e8 fb ff ff ff", Flow::Call, true, 0x1000},
    {"ff d1", Flow::IndirectCall, false},
    {"ff 12", Flow::IndirectCall, false},
    {"ff e1", Flow::IndirectJump, false},
    {"55", Flow::Next, true},
    {"41 54", Flow::Next, true},
    {"48 55", Flow::Next, false},  // REX.W push: the kernel single-steps it
    {"66 55", Flow::Next, false},
    {"5d", Flow::Next, false},
    {"90", Flow::Next, true},
    {"66 90", Flow::Next, true},
    {"0f 1f 44 00 00", Flow::Next, false},
    {"f3 0f 1e fa", Flow::Next, false},
    {"48 83 ec 18", Flow::Next, false},
    {"cc", Flow::Trap, false},
    {"0f 0b", Flow::Trap, false},
    {"c4 e2 fb f6 c1", Flow::Next, false},     // mulx
    {"66 4c 0f 38 f6 d0", Flow::Next, false},  // adcx
    {"f3 4c 0f 38 f6 d8", Flow::Next, false},  // adox
    {"62 f1 7c 48 28 c1", Flow::Next, false},  // vmovaps zmm
    {"0f 38 cb c8", Flow::Next, false},        // sha256rnds2
};

// As GNU objdump -M intel has them, but for blanks and how numbers are written.
TEST(Disassemble, Text) {
  const std::pair<const char*, const char*> rows[] = {{"c3", "ret"},
                                                      {"76 10", "jbe 0x1012"},
                                                      {"49 3b 66 10", "cmp rsp, [r14+0x10]"},
                                                      {"48 8d 44 24 f8", "lea rax, [rsp-0x08]"},
                                                      {"06", "?"},
                                                      {"e8 fb", "?"}};
  for (const auto& [hex, text] : rows) {
    const std::vector<uint8_t> bytes = unhex(hex);
    EXPECT_EQ(disassemble({bytes.data(), bytes.size()}, 0x1000), text) << hex;
  }
}

TEST(Decode, Flow) {
  for (const FlowCase& c : kFlows) {
    std::vector<uint8_t> code = unhex(c.bytes);
    auto insn = decode(Bytes(code.data(), code.size()), 0x1000);
    ASSERT_TRUE(insn) << c.bytes;
    EXPECT_EQ(insn->length, code.size()) << c.bytes;
    EXPECT_EQ(insn->flow, c.flow) << c.bytes;
    EXPECT_EQ(insn->emulated, c.emulated) << c.bytes;
    EXPECT_EQ(insn->target, c.target) << c.bytes;
  }
}

// What Linux 6.18 answered to a probe on each, and what became of the program where it took it.
TEST(Decode, NoProbeOnInstructionsTheKernelRefusesOrRunsWrongly) {
  for (const char* bytes : {
           "f0 20 18",           // lock and %bl,(%rax)
           "62 f1 fe 48 6f 00",  // vmovdqu64 (%rax),%zmm0
           "cc", "f4", "cf",     // int3, hlt, iretq
           "49 90",              // xchg %r8,%rax: emulated as a nop
           "9c",                 // pushfq: stores the trap flag
           "0f 05",              // syscall
           "f3 aa", "f3 48 a5",  // rep stosb, rep movsq: hit once a round
       }) {
    std::vector<uint8_t> code = unhex(bytes);
    auto insn = decode(Bytes(code.data(), code.size()), 0);
    ASSERT_TRUE(insn) << bytes;
    EXPECT_TRUE(insn->refused) << bytes;
  }
  for (const char* bytes : {"55", "c3", "f3 c3", "90", "f3 90", "66 90", "48 83 ec 18", "9d",
                            "f3 0f 1e fa", "48 91", "0f 1f 44 00 00", "c5 f8 77", "aa"}) {
    std::vector<uint8_t> code = unhex(bytes);
    auto insn = decode(Bytes(code.data(), code.size()), 0);
    ASSERT_TRUE(insn) << bytes;
    EXPECT_FALSE(insn->refused) << bytes;
  }
}

TEST(Decode, Refuses) {
  for (const char* bytes : {"", "0f", "e8 00 00", "48", "06", "0f 04", "c4 e2", "66 66 66"}) {
    std::vector<uint8_t> code = unhex(bytes);
    EXPECT_FALSE(decode(Bytes(code.data(), code.size()), 0)) << bytes;
  }
}

TEST(Decode, JumpTables) {
  struct {
    const char* bytes;
    bool indexed;
  } cases[] = {
      {"ff 24 c1", true},              // jmp *(%rcx,%rax,8)
      {"ff 24 c5 00 10 40 00", true},  // jmp *0x401000(,%rax,8)
      {"42 ff 24 e1", true},           // jmp *(%rcx,%r12,8)
      {"ff 24 24", false},             // jmp *(%rsp)
      {"ff e0", false},                // jmp *%rax
      {"ff 60 18", false},             // jmp *0x18(%rax)
      {"ff 25 00 00 00 00", false},    // jmp *0(%rip)
  };
  for (const auto& c : cases) {
    std::vector<uint8_t> code = unhex(c.bytes);
    auto insn = decode(Bytes(code.data(), code.size()), 0);
    ASSERT_TRUE(insn) << c.bytes;
    EXPECT_EQ(insn->flow, Flow::IndirectJump) << c.bytes;
    EXPECT_EQ(insn->indexed, c.indexed) << c.bytes;
  }
}

TEST(Decode, Jbe) {
  for (const char* bytes : {"76 10", "0f 86 00 00 00 00"}) {
    std::vector<uint8_t> code = unhex(bytes);
    EXPECT_TRUE(decode(Bytes(code.data(), code.size()), 0)->is_jbe) << bytes;
  }
  for (const char* bytes : {"77 10", "72 10", "74 00", "eb 00", "e8 00 00 00 00"}) {
    std::vector<uint8_t> code = unhex(bytes);
    EXPECT_FALSE(decode(Bytes(code.data(), code.size()), 0)->is_jbe) << bytes;
  }
}

using Kind = PrologueOp::Kind;
using R = CheckRegister;

struct PrologueCase {
  const char* bytes;
  Kind kind;
  R dest, base;
  int64_t value;
};

const PrologueCase kPrologue[] = {
    {"64 48 8b 0c 25 f8 ff ff ff", Kind::TlsLoad, R::Cx, R::None, -8},
    {"64 4c 8b 34 25 f8 ff ff ff", Kind::TlsLoad, R::R14, R::None, -8},
    {"48 c7 c1 f8 ff ff ff", Kind::Constant, R::Cx, R::None, -8},
    {"64 48 8b 09", Kind::TlsLoadIndirect, R::Cx, R::Cx, 0},
    {"48 8b 0d 10 00 00 00", Kind::GotLoad, R::Cx, R::None, 0x1017},
    {"48 3b 61 10", Kind::GuardCompare, R::Sp, R::Cx, 0x10},
    {"49 3b 66 10", Kind::GuardCompare, R::Sp, R::R14, 0x10},
    {"49 3b 66 18", Kind::GuardCompare, R::Sp, R::R14, 0x18},
    {"48 8d 44 24 a8", Kind::StackAddress, R::Ax, R::Sp, -0x58},
    {"48 3b 41 10", Kind::GuardCompare, R::Ax, R::Cx, 0x10},
    {"4c 8d a4 24 00 ff ff ff", Kind::StackAddress, R::R12, R::Sp, -0x100},
    {"4d 3b 66 10", Kind::GuardCompare, R::R12, R::R14, 0x10},
    {"49 89 e4", Kind::StackAddress, R::R12, R::Sp, 0},
    {"49 81 ec 00 00 01 00", Kind::SubtractConstant, R::R12, R::None, 0x10000},
    {"48 8b 71 10", Kind::GuardLoad, R::Si, R::Cx, 0x10},
    {"48 81 fe de fa ff ff", Kind::CompareConstant, R::Si, R::None, -0x522},
    {"48 29 f0", Kind::SubtractRegister, R::Ax, R::Si, 0},
    {"48 3d 00 00 01 00", Kind::CompareConstant, R::Ax, R::None, 0x10000},
    // Not of a stack check:
    {"49 3b 66 20", Kind::None, R::None, R::None, 0},
    {"48 3b 43 10", Kind::None, R::None, R::None, 0},
    {"55", Kind::None, R::None, R::None, 0},
    {"48 89 e5", Kind::None, R::None, R::None, 0},
    {"48 8b 04 c1", Kind::None, R::None, R::None, 0},
    {"e8 00 00 00 00", Kind::None, R::None, R::None, 0},
};

TEST(DecodePrologue, Table) {
  for (const PrologueCase& c : kPrologue) {
    std::vector<uint8_t> code = unhex(c.bytes);
    PrologueOp op = decode_prologue(Bytes(code.data(), code.size()), 0x1000);
    EXPECT_EQ(op.kind, c.kind) << c.bytes;
    EXPECT_EQ(op.dest, c.dest) << c.bytes;
    EXPECT_EQ(op.base, c.base) << c.bytes;
    EXPECT_EQ(op.value, c.value) << c.bytes;
  }
}

TEST(Writes, Table) {
  const auto bit = [](uint16_t offset) { return uint32_t{1} << (offset / 8); };
  using P = PtRegs;
  const struct {
    const char* bytes;
    uint32_t registers, stack_bytes;
    int64_t stack_offset;
  } rows[] = {
      {"48 89 c1", bit(P::cx), 0, 0},               // mov %rax, %rcx
      {"41 b4 05", bit(P::r12), 0, 0},              // mov $5, %r12b
      {"31 db", bit(P::bx), 0, 0},                  // xor %ebx, %ebx
      {"48 f7 f9", bit(P::ax) | bit(P::dx), 0, 0},  // idiv %rcx
      {"48 87 da", bit(P::bx) | bit(P::dx), 0, 0},  // xchg %rbx, %rdx
      {"f3 48 ab", bit(P::cx) | bit(P::di), 0, 0},  // rep stos
      {"48 39 c1", 0, 0, 0},                        // cmp %rax, %rcx
      {"48 89 44 24 08", 0, 8, 8},                  // mov %rax, 8(%rsp)
      {"66 89 44 24 f8", 0, 2, -8},                 // mov %ax, -8(%rsp)
      {"48 ff 44 24 10", 0, 8, 16},                 // incq 16(%rsp)
      {"0f 11 44 24 20", 0, 16, 32},                // movups %xmm0, 32(%rsp)
      {"48 8b 44 24 08", bit(P::ax), 0, 0},         // mov 8(%rsp), %rax
      {"48 89 01", 0, 0, 0},                        // mov %rax, (%rcx)
      {"f2 0f 58 c1", 0, 0, 0},                     // addsd %xmm1, %xmm0
      {"06", 0, 0, 0},                              // none
  };
  for (const auto& row : rows) {
    const std::vector<uint8_t> code = unhex(row.bytes);
    const Writes found = writes(Bytes(code.data(), code.size()));
    EXPECT_EQ(found.registers, row.registers) << row.bytes;
    EXPECT_EQ(found.stack_bytes, row.stack_bytes) << row.bytes;
    EXPECT_EQ(found.stack_offset, row.stack_offset) << row.bytes;
  }
}

TEST(TlsDisplacement, Table) {
  std::vector<uint8_t> load = unhex("64 48 8b 0c 25 f8 ff ff ff");
  EXPECT_EQ(tls_displacement(Bytes(load.data(), load.size())), -8);
  std::vector<uint8_t> store = unhex("64 48 89 04 25 f0 ff ff ff");
  EXPECT_EQ(tls_displacement(Bytes(store.data(), store.size())), -16);
  std::vector<uint8_t> plain = unhex("48 3b 61 10");
  EXPECT_EQ(tls_displacement(Bytes(plain.data(), plain.size())), std::nullopt);
}

TEST(Writes, AddressesOfTheStack) {
  const uint8_t of_stack[] = {0x48, 0x8d, 0x7c, 0x24, 0x08};  // lea 8(%rsp), %rdi
  EXPECT_EQ(writes({of_stack, sizeof of_stack}).stack_address, 8);
  const uint8_t other[] = {0x48, 0x8d, 0x7b, 0x08};  // lea 8(%rbx), %rdi
  EXPECT_FALSE(writes({other, sizeof other}).stack_address);
}

}  // namespace
}  // namespace gotap::arch
