// What is kept of a call until it returns: kept and shown, never of another call, deleted with its
// frame; however much it is, the verifier takes it.
#include <gtest/gtest.h>
#include <unistd.h>

#include "bpf/kernel.h"
#include "codegen/go_scripts_for_test.h"
#include "codegen/load_for_test.h"
#include "codegen/machine_for_test.h"

namespace gotap::codegen {

namespace {

using arch::PtRegs;
using go::Word;

constexpr uint64_t kText = 0x21000, kObject = 0x20000;

Word reg(int64_t number) { return {Word::In::Register, 8, false, number}; }
Word base(int64_t offset) { return {Word::In::Base, 8, false, offset}; }

// (Frames are there because the scripts use `duration`.) args.n in RAX, args.s in RBX and RCX,
// args.p.x behind RDI; retval in RAX.
std::vector<MadeValue> values() {
  std::vector<MadeValue> all(4);
  all[0] = {Type::u64(), {}, go::Aspect::Value, true};
  all[0].access.words = {reg(0)};
  all[1] = {Type::string(1024), {}, go::Aspect::Value, true};
  all[1].access.words = {reg(1), reg(2)};
  all[2] = {Type::u64(), {}, go::Aspect::Value, true};
  all[2].access.steps = {{.first = reg(3)}};
  all[2].access.words = {base(0)};
  all[3] = {Type::u64(), {}};
  all[3].access.words = {reg(0)};
  return all;
}

class Calls {
 public:
  explicit Calls(const std::string& script) : machine_(compile(script)) { sp(1); }
  static CompiledScript compile(const std::string& script) {
    auto compiled = compile_go_script(script, values());
    EXPECT_TRUE(compiled.ok()) << compiled.error().message;
    if (!compiled.ok()) std::abort();
    return std::move(*compiled);
  }
  void sp(uint64_t depth) { machine_.sp(0x6ff000 - 0x100 * depth); }
  void reg(unsigned number, uint64_t value) {
    machine_.process.set_reg(*arch::go_argument_register(number), value);
  }
  void call(uint64_t n, const std::string& text, uint64_t object = kObject) {
    reg(0, n);
    reg(1, kText);
    reg(2, text.size());
    reg(3, object);
    machine_.process.put_string(kText, text);
    machine_.process.put_u64(kObject, n + 1);
    machine_.process.ktime_ns += 1000;
    machine_.hit(0);
    // What was there is gone when the call returns.
    machine_.process.put_string(kText, std::string(text.size(), '!'));
    machine_.process.put_u64(kObject, 0);
  }
  std::string ret(uint64_t value) {
    for (unsigned i = 0; i < 9; i++) reg(i, 0xdead);
    reg(0, value);
    machine_.process.ktime_ns += 500;
    machine_.bpf.records.clear();
    machine_.hit(1);
    return machine_.events();
  }
  size_t kept() { return machine_.bpf.entries(bpf::BpfObject::kSaved); }
  Machine& machine() { return machine_; }

 private:
  Machine machine_;
};

const char* const kScript =
    "uretprobe:go:\"f\" /duration/ { printf(\"%d %s %d %d\", arg0, str(arg1), arg2, arg3); }";

TEST(Kept, IsShownAtTheReturn) {
  Calls calls(kScript);
  calls.call(7, "hello");
  EXPECT_EQ(calls.kept(), 1u);
  EXPECT_EQ(calls.ret(42), "7 hello 8 42 | ");
  EXPECT_EQ(calls.kept(), 0u);
}

TEST(Kept, IsEachCallsOwn) {
  Calls calls(kScript);
  for (uint64_t depth = 1; depth <= 3; depth++) {
    calls.sp(depth);
    calls.call(depth * 10, std::string(depth * 300, static_cast<char>('a' + depth)));
  }
  EXPECT_EQ(calls.kept(), 3u);
  for (uint64_t depth = 3; depth >= 1; depth--) {
    calls.sp(depth);
    const std::string text(depth * 300, static_cast<char>('a' + depth));
    EXPECT_EQ(calls.ret(depth), std::to_string(depth * 10) + " " + text + " " +
                                    std::to_string(depth * 10 + 1) + " " + std::to_string(depth) +
                                    " | ");
  }
  EXPECT_EQ(calls.kept(), 0u);
}

TEST(Kept, SaysWhyItIsUnknown) {
  Calls calls(kScript);
  calls.call(7, "hello", 0);
  EXPECT_EQ(calls.ret(42), "7 hello <unknown 3> 42 | ");
  calls.call(7, "hello", 0x999000);
  EXPECT_EQ(calls.ret(42), "7 hello <unknown 2> 42 | ");
}

// A predicate mixes what was and what is.
TEST(Kept, IsInPredicatesKeysAndVariables) {
  Calls calls(
      "uretprobe:go:\"f\" /arg0 > 5 && arg3 == 42 && duration == 500 && str(arg1) == \"hello\"/ "
      "{ $s = str(arg1); @[str(arg1), arg2] = count(); printf(\"%s %d\", $s, arg0); }");
  calls.call(7, "hello");
  EXPECT_EQ(calls.ret(42), "hello 7 | ");
  calls.call(7, "hallo");
  EXPECT_EQ(calls.ret(42), "");
  calls.call(7, "hello, and more than that");
  EXPECT_EQ(calls.ret(42), "");
  calls.call(4, "hello");
  EXPECT_EQ(calls.ret(42), "");
  EXPECT_EQ(calls.machine().entries("@"), 1u);
  EXPECT_EQ(calls.machine().bpf.globals().undecided, 0u);
}

// The keys are compared whole: what is behind a string must not matter.
TEST(Kept, IsTheSameKeyEachTime) {
  Calls calls("uretprobe:go:\"f\" /duration/ { @[str(arg1)] = count(); }");
  calls.call(1, std::string(1000, 'x'));
  (void)calls.ret(0);
  for (int i = 0; i < 3; i++) {
    calls.call(1, "short");
    (void)calls.ret(0);
  }
  EXPECT_EQ(calls.machine().entries("@"), 2u);
}

TEST(Kept, IsNotKeptIfNothingSavedIt) {
  Calls calls(kScript);
  calls.call(7, "hello");
  for (const Buffer& key : calls.machine().bpf.keys(bpf::BpfObject::kSaved)) {
    Buffer other = *calls.machine().bpf.lookup(bpf::BpfObject::kSaved, key);
    other[0]++;  // another call's time
    calls.machine().bpf.update(bpf::BpfObject::kSaved, key, other);
  }
  EXPECT_EQ(calls.ret(42), "<unknown 6> <unknown 6> <unknown 6> 42 | ");
}

// A panic throws frames away; what was kept of them goes with them.
TEST(Kept, GoesWhenItsFrameIsUnwound) {
  Calls calls(kScript);
  calls.call(1, "outer");
  calls.sp(2);
  calls.call(2, "lost");
  calls.sp(3);
  calls.call(3, "lost too");
  EXPECT_EQ(calls.kept(), 3u);
  calls.sp(1);
  EXPECT_EQ(calls.ret(5), "1 outer 2 5 | ");
  EXPECT_EQ(calls.kept(), 0u);
  EXPECT_EQ(calls.machine().bpf.globals().unwound, 2u);
}

TEST(Kept, IsSmallOnTheStack) {
  auto compiled =
      compile_go_script("uretprobe:go:\"f\" /duration/ { printf(\"%d\", arg0); }", {values()[0]});
  ASSERT_TRUE(compiled.ok());
  EXPECT_EQ(compiled->object.maps[bpf::BpfObject::kScratch].max_entries, 0u);
  EXPECT_EQ(compiled->object.maps[bpf::BpfObject::kSaved].value_size, 24u);
}

TEST(Kept, PassesTheVerifier) {
  if (geteuid() != 0) GTEST_SKIP() << "not root: the kernel would not load BPF programs";
  std::vector<MadeValue> many;
  std::string script = "uretprobe:go:\"f\" /arg8 > 5 && duration/ { printf(\"";
  std::string arguments;
  for (int i = 0; i < 8; i++) {
    many.push_back(values()[1]);
    script += "%s ";
    arguments += ", str(arg" + std::to_string(i) + ")";
  }
  many.push_back(values()[2]);
  script += "\"" + arguments + "); @[str(arg0), arg8] = count(); }";
  auto kernel = bpf::linux_kernel();
  for (const auto& [text, made] :
       {std::pair(std::string(kScript), values()),
        {"uretprobe:go:\"f\" /duration/ { print(arg0); print(arg2); }", values()},
        {"uretprobe:go:\"wrapped\" /duration/ { print(arg0); }", values()},
        {"uretprobe:gocheck:\"f\" /duration/ { print(str(arg1)); }", values()},
        {script, many}}) {
    auto compiled = compile_go_script(text, made);
    ASSERT_TRUE(compiled.ok()) << text << "\n" << compiled.error().message;
    auto loaded = load_object(*kernel, compiled->object);
    EXPECT_TRUE(loaded.ok()) << text << "\n"
                             << loaded.error().message << "\n"
                             << loaded.error().hint;
  }
}

}  // namespace

}  // namespace gotap::codegen
