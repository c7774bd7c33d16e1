// Stacks as programs gather them, in the interpreter; how they are shown is in
// tests/e2e/stacks.sh.
#include "codegen/codegen.h"
#include "codegen/machine_for_test.h"

namespace gotap::codegen {
namespace {

using testing::compile_script;

constexpr uint64_t kSp = 0x6ff000, kIp = 0x401006;
constexpr int32_t kGopc = 280;

// A hit of `script`'s first program, SP being `depth` below the return address, in a stack of three
// frames: the caller's at 0x6ff100, its caller's at 0x6ff200.
Machine machine_in_stack(const std::string& script, int32_t depth, uint64_t frame = 0x6ff100) {
  auto compiled = compile_script(script);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  for (plan::Program& program : compiled->plan.programs) {
    program.shape.stack_depth = depth;
    program.shape.gopc_offset = kGopc;
  }
  auto object = codegen::generate(compiled->program, compiled->plan);
  EXPECT_TRUE(object.ok()) << object.error().message;
  compiled->object = std::move(*object);
  Machine m(std::move(*compiled));
  m.sp(kSp);
  m.process.set_reg(arch::PtRegs::ip, kIp);
  m.process.set_reg(arch::PtRegs::bp, frame);
  m.process.put_u64(kSp + static_cast<uint64_t>(std::max(depth, 0)), 0x401111);
  m.process.put_u64(0x6ff100, 0x6ff200);
  m.process.put_u64(0x6ff108, 0x401222);
  m.process.put_u64(0x6ff200, 0);
  m.process.put_u64(0x6ff208, 0x401333);
  m.process.put_u64(kG + kGopc, 0x401444);
  return m;
}

// The stack of the first event: state, addresses, creator.
std::string stack_of(Machine& m) {
  const Buffer& record = m.bpf.records.at(0);
  const bpf::Field& field = m.script.object.events.at(u64_at(record, 0)).fields.at(0);
  EXPECT_EQ(field.type.kind, Type::Kind::Stack);
  const uint64_t head = u64_at(record, field.offset);
  const auto count = static_cast<uint32_t>(head), state = static_cast<uint32_t>(head >> 32) & 0xff;
  EXPECT_LE(count, field.type.capacity);
  std::string text = state == 0 ? "whole" : state == 1 ? "cut" : "damaged";
  for (uint32_t i = 0; i < field.type.capacity; i++) {
    const uint64_t address = u64_at(record, field.offset + StackLayout::kAddresses + 8 * i);
    if (i < count)
      text += " " + hex(address);
    else
      EXPECT_EQ(address, 0u);
  }
  if (const uint64_t created = u64_at(record, field.offset + StackLayout::kCreated))
    text += " by " + hex(created);
  return text;
}

TEST(Stacks, AreFollowedToTheirEnd) {
  struct Case {
    const char* script;
    int32_t depth;
    const char* seen;
  };
  const Case cases[] = {
      {"uprobe:go:\"f\" { print(ustack); }", 0,
       "whole 0x401006 0x401111 0x401222 0x401333 by 0x401444"},
      {"uretprobe:go:\"f\" { print(ustack); }", 0,
       "whole 0x401006 0x401111 0x401222 0x401333 by 0x401444"},
      {"uprobe:go:\"f\" { print(ustack(1)); }", 0, "cut 0x401006"},
      {"uprobe:go:\"f\" { print(ustack(2)); }", 0, "cut 0x401006 0x401111"},
      {"uprobe:go:\"f\" { print(caller); }", 0, "cut 0x401006 0x401111"},
      {"uprobe:go:\"f\" { print(ustack(3)); }", 0, "cut 0x401006 0x401111 0x401222"},
      {"uprobe:go:\"f\" { print(ustack(4)); }", 0,
       "whole 0x401006 0x401111 0x401222 0x401333 by 0x401444"},
      // Inside of a function whose frame is not set up yet.
      {"uprobe:go:\"f\" { print(ustack); }", 8,
       "whole 0x401006 0x401111 0x401222 0x401333 by 0x401444"},
      // Where it is not known how deep SP is, the frames alone tell.
      {"uprobe:go:\"f\" { print(ustack); }", -1, "whole 0x401006 0x401222 0x401333 by 0x401444"},
      {"uprobe:go:\"f\" { print(caller); }", -1, "cut 0x401006 0x401222"},
      {"uprobe:c:\"f\" { print(ustack); }", 0, "whole 0x401006 0x401111 0x401222 0x401333"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.script);
    Machine m = machine_in_stack(c.script, c.depth);
    m.hit(0);
    EXPECT_EQ(stack_of(m), c.seen);
  }
}

TEST(Stacks, OfAFunctionThatHasSetUpItsFrame) {
  Machine m = machine_in_stack("uprobe:go:\"f\" { print(ustack); }", 0x20, kSp + 0x18);
  m.process.put_u64(kSp + 0x18, 0x6ff100);
  m.hit(0);
  EXPECT_EQ(stack_of(m), "whole 0x401006 0x401111 0x401222 0x401333 by 0x401444");
}

TEST(Stacks, EndWhereAFrameIsNone) {
  {
    SCOPED_TRACE("a frame below the last");
    Machine m = machine_in_stack("uprobe:go:\"f\" { print(ustack); }", 0);
    m.process.put_u64(0x6ff200, 0x6ff100);
    m.hit(0);
    EXPECT_EQ(stack_of(m), "damaged 0x401006 0x401111 0x401222 0x401333");
  }
  {
    SCOPED_TRACE("a frame that is not readable");
    Machine m = machine_in_stack("uprobe:go:\"f\" { print(ustack); }", 0);
    m.process.put_u64(0x6ff200, 0x10);
    m.hit(0);
    EXPECT_EQ(stack_of(m), "damaged 0x401006 0x401111 0x401222 0x401333");
  }
  {
    SCOPED_TRACE("a stack that is not readable");
    Machine m = machine_in_stack("uprobe:go:\"f\" { print(ustack); }", 0);
    m.sp(0x10);
    m.hit(0);
    EXPECT_EQ(stack_of(m), "damaged 0x401006");
  }
  {
    SCOPED_TRACE("no caller");
    Machine m = machine_in_stack("uprobe:go:\"f\" { print(ustack); }", 0);
    m.process.put_u64(kSp, 0);
    m.hit(0);
    EXPECT_EQ(stack_of(m), "whole 0x401006 by 0x401444");
  }
}

TEST(Stacks, OfOneKindAreOneKey) {
  Machine m =
      machine_in_stack("uprobe:go:\"f\" { @[ustack] = count(); @[ustack(3)] = count(); }", 0);
  m.hit(0);
  m.hit(0);
  EXPECT_EQ(m.entries("@"), 2u);
  m.process.put_u64(kSp, 0x401777);
  m.hit(0);
  EXPECT_EQ(m.entries("@"), 4u);
}

}  // namespace
}  // namespace gotap::codegen
