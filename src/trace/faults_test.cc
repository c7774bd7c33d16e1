// Every call to the kernel fails once, in every way a kernel fails, in a run that does all that
// runs do: whatever fails, there is one message for the user, what was gathered is shown, the
// command ends, nothing stays open.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "bpf/fake_kernel.h"
#include "trace/session.h"
#include "trace/test_sink.h"

namespace gotap::trace {
namespace {

using bpf::BpfObject;
using bpf::FakeKernel;
using testing::TestSink;

enum Event : uint32_t { kPrintf, kExit, kPrintMap, kClear };
constexpr uint64_t kLost = 3;

class FaultsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/gotap-faults-XXXXXX";
    file_ = Fd(::mkostemp(path, O_CLOEXEC));
    ASSERT_TRUE(file_);
    ::unlink(path);
    const std::vector<uint8_t> code(0x400, 0x90);
    ASSERT_EQ(::write(file_.get(), code.data(), code.size()), 0x400);
    options_.target_fds = {file_.get()};
    make_plan();
    make_object();
  }

  // BEGIN, an entry and a return program, an interval, END.
  void make_plan() {
    plan_.targets.push_back({"./prog", nullptr});
    plan_.functions = {{0, 0, "main.f"}};
    plan_.uses_frames = true;
    for (const bool entry : {true, false}) {
      plan::Program program;
      program.shape.push_frame = entry;
      program.shape.pop_frame = !entry;
      const auto moment = entry ? plan::Moment::Entry : plan::Moment::Return;
      program.shape.actions = {{0, entry ? 0u : 1u, moment}};
      const uint64_t offset = entry ? 0x100 : 0x110;
      program.sites.push_back(
          {0x400000 + offset, offset, 0, plan::Cookie{.self = 0}.pack(), {0x90}});
      plan_.programs.push_back(program);
      object_.programs.push_back({.name = entry ? "entry" : "return",
                                  .plan_program = entry ? 0u : 1u,
                                  .insns = {{.code = 0x85, .imm = 131}}});
    }
    add_timer(lang::ProbeKind::Begin, "begin", 0);
    add_timer(lang::ProbeKind::Interval, "tick", 1'000'000);
    add_timer(lang::ProbeKind::End, "end", 0);
  }
  void add_timer(lang::ProbeKind kind, const std::string& name, uint64_t interval_ns) {
    plan_.timers.push_back({kind, 0, 0, interval_ns});
    object_.programs.push_back({.name = name,
                                .kind = bpf::ProgramKind::RawTracepoint,
                                .timer = static_cast<uint32_t>(plan_.timers.size() - 1)});
  }

  void make_object() {
    object_.needs_fsbase = true;
    object_.maps = {{"globals", bpf::MapType::Array, 4, sizeof(bpf::Globals) + 16, 1},
                    {"ring", bpf::MapType::RingBuffer, 0, 0, 4096},
                    {"frames", bpf::MapType::Hash, 24, 16, 64},
                    {"tops", bpf::MapType::Hash, 16, 8, 64},
                    {"scratch", bpf::MapType::PerCpuArray, 4, 8, 1},
                    {"@a", bpf::MapType::PerCpuHash, 8, 8, 16},
                    {"@b", bpf::MapType::PerCpuHash, 8, 8, 16}};
    object_.user_maps = {{"@a", 5, {{Type::u64(), 0}}, Type::of(Type::Kind::Count), true},
                         {"@b", 6, {{Type::u64(), 0}}, Type::of(Type::Kind::Count), true}};
    object_.events.resize(4);
    for (auto& event : object_.events) event.size = 8;
    auto& printf = object_.events[kPrintf];
    printf.kind = bpf::EventLayout::Kind::Printf;
    printf.format.text = "%d";
    printf.fields = {{Type::i64(), 8}};
    printf.size = 16;
    object_.events[kExit].kind = bpf::EventLayout::Kind::Exit;
    object_.events[kPrintMap].kind = bpf::EventLayout::Kind::PrintMap;
    object_.events[kClear].kind = bpf::EventLayout::Kind::Clear;
    object_.events[kClear].map = 1;
  }

  // The traced program's part: what it does once it is probed.
  void set_up(FakeKernel& kernel) {
    kernel.cpus = 2;
    kernel.on_run = [&kernel, ticks = 0](const std::string& program) mutable {
      if (program == "begin") kernel.send(kPrintf, {1});
      if (program == "tick" && ++ticks == 2) kernel.send(kExit);
      if (program == "end") kernel.send(kPrintf, {99});
    };
    kernel.on_attach = [&kernel](const FakeKernel::Attach& attach) {
      if (attach.program != "entry") return;
      for (const char* map : {"@a", "@b"}) {
        FakeKernel::Buffer value(16);
        value[0] = 7;
        kernel.map_named(map)->entries[FakeKernel::bytes_of(uint64_t{5})] = value;
      }
      kernel.map_named("frames")->entries[FakeKernel::bytes_of(bpf::FrameKey{1, 1, 0, 100})] =
          FakeKernel::bytes_of(bpf::FrameValue{5, 0, bpf::kNoFunction});
      auto& globals = kernel.map_named("globals")->entries.begin()->second;
      std::memcpy(globals.data() + offsetof(bpf::Globals, ring_full), &kLost, sizeof kLost);
      kernel.send(kPrintMap);
      kernel.send(kPrintf, {2});
    };
  }

  struct Outcome {
    std::string call;  ///< that failed
    std::optional<Error> error;
    TestSink sink;
    int calls = 0;
    bool attached = false;
  };

  // One run whose call number `fail_call` fails (0: none).
  Outcome run(int fail_call, const Error& failure, Child* child) {
    Outcome out;
    FakeKernel kernel;
    set_up(kernel);
    kernel.fail_call = fail_call;
    kernel.failure = failure;
    options_.child = child;
    auto code = [&]() -> Result<int> {
      TRY(session, Session::start(kernel, object_, plan_, options_));
      return session.run(out.sink);
    }();
    if (!code.ok()) out.error = code.error();
    out.calls = kernel.calls;
    out.attached = !kernel.attaches.empty() && kernel.attaches.back().program == "entry";
    if (fail_call > 0 && fail_call <= kernel.calls)
      out.call = kernel.log[static_cast<size_t>(fail_call) - 1];
    return out;
  }

  static bool shows(const TestSink& sink, const std::string& beginning) {
    return std::any_of(sink.lines.begin(), sink.lines.end(),
                       [&](const std::string& line) { return line.starts_with(beginning); });
  }

  // What was gathered is shown, but for what the failed call was about.
  static void expect_gathered(const Outcome& out) {
    SCOPED_TRACE(out.call);
    if (!shows(out.sink, "printf %d 1")) return;  // failed before the script began
    for (const char* map : {"@a", "@b"})
      if (out.call.find(map) == std::string::npos) {
        EXPECT_TRUE(shows(out.sink, std::string("map ") + map)) << map;
      }
    if (out.call != "run end" && out.call != "drain") {
      EXPECT_TRUE(shows(out.sink, "printf %d 99")) << "END";
    }
    const bool about_losses = out.call.find("globals") != std::string::npos ||
                              out.call.find("frames") != std::string::npos ||
                              out.call.find("tops") != std::string::npos;
    if (out.attached && !about_losses) {
      EXPECT_EQ(out.sink.lost.ring_full, kLost);
    }
  }

  Fd file_;
  plan::Plan plan_;
  BpfObject object_;
  SessionOptions options_;
};

// What kernel_error() makes of the errors that the kernel answers with.
const Error kFailures[] = {
    {"the kernel has no memory for it", "use fewer maps"},
    {"too many open files", "raise the limit"},
    {"not permitted", "run it as root"},
    {"the kernel asks to try again later", ""},
};

TEST_F(FaultsTest, EveryCallOfARunFailsOnce) {
  const Outcome whole = run(0, {}, nullptr);
  ASSERT_FALSE(whole.error) << whole.error->message;
  ASSERT_GT(whole.calls, 40);
  const size_t before = testing::open_files();
  for (const Error& failure : kFailures) {
    for (int n = 1; n <= whole.calls; n++) {
      const Outcome out = run(n, failure, nullptr);
      if (out.call.empty()) break;  // it was shorter this time: fewer looks into the ring
      ASSERT_TRUE(out.error) << out.call;
      EXPECT_EQ(out.error->message, failure.message) << out.call;
      EXPECT_EQ(out.error->hint, failure.hint) << out.call;
      EXPECT_EQ(testing::open_files(), before) << out.call;
      expect_gathered(out);
    }
  }
}

// The command is not started when something fails before, and ended when something fails later.
TEST_F(FaultsTest, TheCommandEndsWhateverFails) {
  auto spawn = [] { return Child::spawn("sleep 1000"); };
  auto first = spawn();
  ASSERT_TRUE(first.ok());
  const int calls = run(0, {}, &*first).calls;
  const size_t before = testing::open_files();
  for (int n = 1; n <= calls; n++) {
    int pid = 0;
    {
      auto child = spawn();
      ASSERT_TRUE(child.ok());
      pid = child->pid();
      const Outcome out = run(n, kFailures[0], &*child);
      if (out.call.empty()) break;
      ASSERT_TRUE(out.error) << out.call;
      expect_gathered(out);
      if (shows(out.sink, "attached")) {
        for (int i = 0; i < 1000 && !child->ended(); i++) ::usleep(10'000);
        EXPECT_EQ(child->exit_code(), 128 + SIGTERM) << out.call;
      }
    }
    EXPECT_EQ(::kill(pid, 0), -1) << "call " << n << " left process " << pid;
    EXPECT_EQ(testing::open_files(), before) << "call " << n;
  }
}

}  // namespace
}  // namespace gotap::trace
