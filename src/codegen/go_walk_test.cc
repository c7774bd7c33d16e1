// What is walked to in programs: errors through what they wrap, contexts through their parents,
// labels of goroutines. Against made-up memory, and by the kernel's verifier.
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>

#include "bpf/kernel.h"
#include "codegen/go_scripts_for_test.h"
#include "codegen/load_for_test.h"
#include "codegen/machine_for_test.h"

namespace gotap::codegen {

namespace {

using go::ErrorForm;
using go::Word;
using Layout = GoErrorLayout;
using State = GoErrorLayout::State;

// Descriptors of types, and itabs that lead to them.
constexpr uint64_t kErrorString = 0x5000, kErrno = 0x5100, kPathError = 0x5200, kJoinError = 0x5300,
                   kOther = 0x5400;
uint64_t itab(uint64_t type) { return type + 0x100000; }

Word reg(int64_t number) { return {Word::In::Register, 8, false, number}; }

MadeValue error_value() {
  MadeValue value{Type::of(Type::Kind::GoError), {}};
  value.access.words = {reg(0), reg(1)};
  value.access.errors = {{kErrorString, ErrorForm::Kind::Text, 0, 0, 0, 8},
                         {kErrno, ErrorForm::Kind::Number, 0, 0, 0, 8},
                         {kPathError, ErrorForm::Kind::Path, 0, 16, 32, 8},
                         {kJoinError, ErrorForm::Kind::Join, 8, 0, 0, 8}};
  return value;
}

Machine machine_of(const std::string& script, const MadeValue& value, uint64_t bias_address = 0) {
  auto compiled = compile_go_script(script, {value}, bias_address);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  if (!compiled.ok()) std::abort();
  return Machine(std::move(*compiled));
}

/// Makes errors in the memory of a process.
class Errors {
 public:
  using Interface = std::pair<uint64_t, uint64_t>;
  explicit Errors(FakeProcess& process) : process_(process) {}
  void put(uint64_t address, Interface error) {
    process_.put_u64(address, error.first);
    process_.put_u64(address + 8, error.second);
  }
  Interface of(uint64_t type, uint64_t data) {
    process_.put_u64(itab(type) + 8, type);
    return {itab(type), data};
  }
  void string(uint64_t address, const std::string& text) {
    const uint64_t bytes = room(text.size() + 1);
    process_.put_string(bytes, text);
    put(address, {bytes, text.size()});
  }
  Interface text(const std::string& text) {
    const uint64_t data = room(16);
    string(data, text);
    return of(kErrorString, data);
  }
  Interface number(uint64_t number) {
    const uint64_t data = room(8);
    process_.put_u64(data, number);
    return of(kErrno, data);
  }
  Interface path(const std::string& op, const std::string& path, Interface next) {
    const uint64_t data = room(48);
    string(data, op);
    string(data + 16, path);
    put(data + 32, next);
    return of(kPathError, data);
  }
  Interface join(const std::vector<Interface>& errors) {
    const uint64_t data = room(32), list = room(16 * errors.size());
    for (size_t i = 0; i < errors.size(); i++) put(list + 16 * i, errors[i]);
    put(data + 8, {list, errors.size()});
    return of(kJoinError, data);
  }

 private:
  uint64_t room(uint64_t bytes) {
    next_ += (bytes + 15) / 16 * 16;
    return next_ - (bytes + 15) / 16 * 16;
  }
  FakeProcess& process_;
  uint64_t next_ = 0x30000;
};

// The nodes of the error at `at`, as `type:state:text`.
std::string nodes(const Buffer& record, size_t at) {
  std::string out;
  for (uint32_t i = 0; i < Layout::kNodes; i++, at += Layout::kNodeSize) {
    const uint64_t type = u64_at(record, at);
    const auto state = static_cast<State>(u64_at(record, at + Layout::kState));
    const std::string text = text_at(record, at + Layout::kText, Layout::kTextBytes);
    const std::string number = std::to_string(u64_at(record, at + Layout::kNumber));
    if (type == 0 && state == State::None) continue;
    out += std::to_string(type >> 8 & 0xff) + ":";
    switch (state) {
      case State::None: out += "none"; break;
      case State::Text: out += text; break;
      case State::Number: out += number; break;
      case State::Path:
        out += text_at(record, at + Layout::kOp, Layout::kOpBytes) + "(" + text + ")" + number;
        break;
      case State::Join: out += "join " + number; break;
      case State::Unreadable: out += "unreadable"; break;
    }
    out += " ";
  }
  return out;
}

std::string shown(Machine& m, const Errors::Interface& error) {
  m.process.set_reg(*arch::go_argument_register(0), error.first);
  m.process.set_reg(*arch::go_argument_register(1), error.second);
  m.bpf.records.clear();
  m.hit(0);
  if (m.bpf.records.empty()) return "nothing";
  const bpf::Field& field = m.script.object.events[0].fields[0];
  return nodes(m.bpf.records[0], field.offset);
}

TEST(GoError, IsItsNodes) {
  Machine m = machine_of("uprobe:go:\"f\" { print(str(arg0)); }", error_value());
  Errors e(m.process);
  EXPECT_EQ(shown(m, {0, 0}), "");
  EXPECT_EQ(shown(m, e.text("no such thing")), "80:no such thing ");
  EXPECT_EQ(shown(m, e.number(2)), "81:2 ");
  EXPECT_EQ(shown(m, e.of(kOther, 0x77)), "84:none ");
  EXPECT_EQ(shown(m, e.path("open", "/x", e.number(2))), "82:open(/x)3 81:2 ");
  EXPECT_EQ(shown(m, e.path("open", "/x", e.of(kOther, 1))), "82:open(/x)3 84:none ");
  EXPECT_EQ(shown(m, e.join({e.text("a"), e.number(5), e.text("c")})), "83:join 3 80:a 81:5 80:c ");
  EXPECT_EQ(shown(m, e.join({e.path("stat", "y", e.text("b")), e.text("c")})),
            "83:join 2 82:stat(y)3 80:b 80:c ");
  EXPECT_EQ(shown(m, e.path("a", "b", e.join({e.text("c"), e.text("d")}))),
            "82:a(b)3 83:join 2 80:c 80:d ");
  // More than there is room for; joined errors inside of joined ones.
  EXPECT_EQ(shown(m, e.join({e.text("a"), e.text("b"), e.text("c"), e.text("d"), e.text("e")})),
            "83:join 5 80:a 80:b 80:c ");
  EXPECT_EQ(shown(m, e.join({e.join({e.text("a")}), e.text("b")})), "83:join 2 83:none 80:b ");
  EXPECT_EQ(shown(m, e.join({e.text("b"), e.join({e.text("a")})})),
            "83:join 2 80:b 83:join 1 80:a ");
  EXPECT_EQ(shown(m, e.text(std::string(300, 'x'))), "80:" + std::string(256, 'x') + ".. ");
}

TEST(GoError, SaysWhatItCouldNotRead) {
  Machine m = machine_of("uprobe:go:\"f\" { print(str(arg0)); }", error_value());
  Errors e(m.process);
  EXPECT_EQ(shown(m, {0x999000, 0}), "0:unreadable ");
  EXPECT_EQ(shown(m, e.of(kErrorString, 0x999000)), "80:unreadable ");
  EXPECT_EQ(shown(m, e.path("open", "/x", {0x999000, 0})), "82:open(/x)3 0:unreadable ");
  m.process.put_u64(0x40000, 0x999000);  // a string whose bytes are not there
  m.process.put_u64(0x40008, 5);
  EXPECT_EQ(shown(m, e.of(kErrorString, 0x40000)), "80:unreadable ");
  m.process.put_u64(0x40008, ~uint64_t{0});
  EXPECT_EQ(shown(m, e.of(kErrorString, 0x40000)), "80:unreadable ");
}

TEST(GoError, IsFoundWhereverTheFileIsLoaded) {
  constexpr uint64_t kBias = 0x7f0000000000, kSite = 0x1000;
  Machine m = machine_of("uprobe:go:\"f\" { print(str(arg0)); }", error_value(), kSite);
  m.process.set_reg(arch::PtRegs::ip, kSite + kBias);
  m.process.put_u64(0x40008, kErrno + kBias);
  m.process.put_u64(0x41000, 13);
  EXPECT_EQ(shown(m, {0x40000, 0x41000}), "81:13 ");
}

MadeValue context_value(go::Aspect aspect) {
  MadeValue value{Type::string(aspect == go::Aspect::TraceId ? 32 : 16), {}, aspect};
  value.access.words = {reg(0), reg(1)};
  value.access.contexts.key_type = 0x6000;
  value.access.contexts.links = {
      {0x6100, 0, true, 16, 32}, {0x6200, 8, false, 0, 0}, {0x6280, 8, false, 0, 0}};
  value.access.contexts.spans = {{0x6300, 24, 40}};
  value.access.contexts.ends = {0x6400, 0x6500};
  return value;
}

std::string span_id(go::Aspect aspect, uint64_t type, uint64_t data,
                    const std::function<void(FakeProcess&)>& prepare) {
  Machine m = machine_of(
      "uprobe:go:\"f\" { print(str(arg0)); } "
      "uprobe:go:\"f\" /str(arg0) == \"abc\"/ { @ = count(); }",
      context_value(aspect));
  for (uint64_t known : {0x6100, 0x6200, 0x6280, 0x6400, 0x6600})
    m.process.put_u64(itab(known) + 8, known);
  prepare(m.process);
  m.process.set_reg(*arch::go_argument_register(0), type ? itab(type) : 0);
  m.process.set_reg(*arch::go_argument_register(1), data);
  m.hit(0);
  return m.events();
}

TEST(GoContext, FindsTheSpan) {
  auto chain = [](FakeProcess& p) {
    p.put_u64(0x30008, itab(0x6100));  // a cancelCtx, whose parent is
    p.put_u64(0x30010, 0x31000);
    const uint64_t other[] = {itab(0x6100), 0x32000, 0x6999, 1, 0x6998, 2};  // a value, of
    p.put(0x31000, other, sizeof other);
    const uint64_t span[] = {itab(0x6400), 0, 0x6000, 1, 0x6300, 0x33000};  // a span
    p.put(0x32000, span, sizeof span);
    uint8_t ids[24];
    for (size_t i = 0; i < sizeof ids; i++) ids[i] = static_cast<uint8_t>(0x0f + i * 0x1f);
    p.put(0x33000 + 24, ids, sizeof ids);
  };
  auto nothing = [](FakeProcess&) {};
  using A = go::Aspect;
  EXPECT_EQ(span_id(A::TraceId, 0x6200, 0x30000, chain), "0f2e4d6c8baac9e80726456483a2c1e0 | ");
  EXPECT_EQ(span_id(A::SpanId, 0x6200, 0x30000, chain), "ff1e3d5c7b9ab9d8 | ");
  EXPECT_EQ(span_id(A::TraceId, 0x6100, 0x32000, chain), "0f2e4d6c8baac9e80726456483a2c1e0 | ");
  EXPECT_EQ(span_id(A::TraceId, 0x6400, 0, nothing), " | ");
  EXPECT_EQ(span_id(A::TraceId, 0, 0, nothing), " | ");
  EXPECT_EQ(span_id(A::TraceId, 0x6600, 0, nothing), "<unknown 16> | ");
  EXPECT_EQ(span_id(A::TraceId, 0x6200, 0x999000, nothing), "<unknown 2> | ");
  auto ring = [](FakeProcess& p) {  // its own parent
    p.put_u64(0x30008, itab(0x6200));
    p.put_u64(0x30010, 0x30000);
  };
  EXPECT_EQ(span_id(A::TraceId, 0x6200, 0x30000, ring), "<unknown 18> | ");
  auto no_span = [&](FakeProcess& p) {
    chain(p);
    p.put_u64(0x32020, 0x6500);
  };
  EXPECT_EQ(span_id(A::TraceId, 0x6200, 0x30000, no_span), " | ");
  auto empty = [&](FakeProcess& p) {
    chain(p);
    for (uint64_t at = 0; at < 24; at += 8) p.put_u64(0x33000 + 24 + at, 0);
  };
  EXPECT_EQ(span_id(A::SpanId, 0x6200, 0x30000, empty), " | ");
}

TEST(GoContext, IsKeptAsDigits) {
  MadeValue value = context_value(go::Aspect::TraceId);
  value.at_entry = true;
  Machine m = machine_of("uretprobe:go:\"f\" /duration || 1/ { print(str(arg0)); }", value);
  m.process.put_u64(itab(0x6100) + 8, 0x6100);
  const uint64_t span[] = {0, 0, 0x6000, 1, 0x6300, 0x33000};
  m.process.put(0x32000, span, sizeof span);
  m.process.put_string(0x33000 + 24, "0123456789abcdef");
  m.process.set_reg(*arch::go_argument_register(0), itab(0x6100));
  m.process.set_reg(*arch::go_argument_register(1), 0x32000);
  m.hit(0);
  m.process.set_reg(*arch::go_argument_register(0), 0);
  m.hit(1);
  EXPECT_EQ(m.events(), "30313233343536373839616263646566 | ");
}

/// A script with label(), which these tests' checker may lack; `list`: as Go 1.24 has labels.
Result<testing::CompiledScript> label_script(const std::string& script, bool list) {
  return testing::compile_script(script, 1024, 4096, [&](auto&, plan::Plan& plan) {
    for (plan::Program& program : plan.programs) {
      program.shape.labels_offset = 184;
      program.shape.labels_are_list = list;
    }
  });
}

const char* const kLabelScript =
    "uprobe:go:\"f\" { print(label(\"endpoint\")); } "
    "uprobe:go:\"f\" /label(\"user\") == \"ann\"/ { @[label(\"endpoint\")] = count(); }";

Machine label_machine(bool list, size_t count) {
  auto compiled = label_script(kLabelScript, list);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  if (!compiled.ok()) std::abort();
  Machine m(std::move(*compiled));
  Errors e(m.process);
  constexpr uint64_t kLabels = 0x50000, kMap = 0x51000, kEntries = 0x52000;
  auto key = [&](size_t i) {
    return i == 2 ? "endpoint" : i == 1 ? "user" : "key" + std::to_string(i);
  };
  auto value = [&](size_t i) { return i == 2 ? "/put" : i == 1 ? "ann" : "v"; };
  m.process.put_u64(kG + 184, kLabels);
  if (list) {
    m.process.put_u64(kLabels, kEntries);
    m.process.put_u64(kLabels + 8, count);
    for (size_t i = 0; i < std::max<size_t>(count, 16); i++) {
      e.string(kEntries + 32 * i, key(i));
      e.string(kEntries + 32 * i + 16, value(i));
    }
    return m;
  }
  m.process.put_u64(kLabels, kMap);
  m.process.put_u64(kMap, count);
  m.process.put_u64(kMap + 8, uint64_t{count > 8} << 8);
  m.process.put_u64(kMap + 16, kEntries);
  for (uint64_t at = 0; at < 272; at += 8) m.process.put_u64(kEntries + at, 0);
  for (size_t i = 0; i < std::min<size_t>(count, 8); i++) {
    const uint8_t used = 5;
    m.process.put(kEntries + i, &used, 1);
    e.string(kEntries + 8 + 16 * i, key(i));
    e.string(kEntries + 8 + 128 + 16 * i, value(i));
  }
  return m;
}

TEST(GoLabel, IsTheGoroutines) {
  for (bool list : {false, true}) {
    for (auto [count, shown] :
         {std::pair<size_t, const char*>{3, "/put | "}, {8, "/put | "}, {2, " | "}, {0, " | "}}) {
      Machine m = label_machine(list, count);
      m.hit(0);
      EXPECT_EQ(m.events(), shown) << list << count;
      EXPECT_EQ(m.entries("@"), count >= 2 ? 1u : 0u);
    }
    Machine m = label_machine(list, 3);
    m.process.put_u64(kG + 184, 0);
    m.hit(0);
    EXPECT_EQ(m.events(), " | ");
  }
  Machine many = label_machine(false, 9);
  many.hit(0);
  EXPECT_EQ(many.events(), "<unknown 16> | ");
  EXPECT_EQ(many.bpf.globals().undecided, 1u);
  Machine longer = label_machine(true, 17);
  longer.hit(0);
  EXPECT_EQ(longer.events(), "/put | ");
}

TEST(GoWalks, PassTheVerifier) {
  if (geteuid() != 0) GTEST_SKIP() << "not root: the kernel would not load BPF programs";
  auto kernel = bpf::linux_kernel();
  std::vector<Result<testing::CompiledScript>> all;
  for (uint64_t bias : {0, 0x1000}) {
    for (go::Aspect aspect : {go::Aspect::TraceId, go::Aspect::SpanId})
      all.push_back(compile_go_script(
          "uprobe:go:\"f\" /str(arg0) != \"abc\"/ { @[str(arg0)] = count(); print(str(arg0)); }",
          {context_value(aspect)}, bias));
    MadeValue error = error_value();
    for (uint32_t i = 0; i < 12; i++)
      error.access.errors.push_back({0x9000 + i, ErrorForm::Kind::Text, 8 * (i % 3), 0, 0, 8});
    all.push_back(compile_go_script("uprobe:go:\"f\" { print(str(arg0)); }", {error}, bias));
    error.at_entry = true;
    all.push_back(
        compile_go_script("uretprobe:go:\"f\" /duration/ { print(str(arg0)); }", {error}, bias));
  }
  for (bool list : {false, true}) all.push_back(label_script(kLabelScript, list));
  for (const auto& compiled : all) {
    ASSERT_TRUE(compiled.ok()) << compiled.error().message;
    auto loaded = load_object(*kernel, compiled->object);
    EXPECT_TRUE(loaded.ok()) << loaded.error().message << "\n" << loaded.error().hint;
  }
}

}  // namespace

}  // namespace gotap::codegen
