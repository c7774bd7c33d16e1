// The session on a kernel in memory: order, ends, events, errors at every single call.
#include "trace/session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <thread>

#include "bpf/fake_kernel.h"
#include "trace/attach.h"
#include "trace/frames.h"
#include "trace/gate.h"
#include "trace/load.h"
#include "trace/test_sink.h"

namespace gotap::trace {
namespace {

using bpf::BpfObject;
using bpf::EventLayout;
using bpf::FakeKernel;
using testing::TestSink;
using Lines = std::vector<std::string>;

enum Event : uint32_t { kPrintf, kExit, kPrintMap, kClear, kZero, kTime, kPrintEntry, kPrintValue };

// A script with BEGIN, END, an entry and a return program, and one map, @c[uint64] = count().
class SessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/gotap-session-XXXXXX";
    Fd writer(::mkostemp(path, O_CLOEXEC));
    file_ = Fd(::open(path, O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(writer && file_);
    ::unlink(path);
    std::vector<uint8_t> code(0x400, 0x90);
    code[0x300] = 0xcc;
    ASSERT_EQ(::write(writer.get(), code.data(), code.size()), 0x400);

    plan_.targets.push_back({"./prog", nullptr});
    plan_.functions = {{0, 0, "main.f"}, {0, 1, "main.g"}};
    add_program(true, plan::Moment::Entry, {{0x100, 0}, {0x200, 1}});
    add_program(false, plan::Moment::Return, {{0x110, 0}, {0x118, 0}, {0x210, 1}});
    add_timer(lang::ProbeKind::Begin, "begin");
    add_timer(lang::ProbeKind::End, "end");
    plan_.notes = {{"uretprobe on Go: 3 RET sites", true}};

    object_.maps = {{"globals", bpf::MapType::Array, 4, sizeof(bpf::Globals) + 8, 1},
                    {"ring", bpf::MapType::RingBuffer, 0, 0, 4096},
                    {"frames", bpf::MapType::Hash, 24, 16, 64},
                    {"tops", bpf::MapType::Hash, 16, 8, 64},
                    {"scratch", bpf::MapType::PerCpuArray, 4, 8, 0},
                    {"saved", bpf::MapType::Hash, 24, 16, 0},
                    {"@c", bpf::MapType::PerCpuHash, 8, 8, 16}};
    object_.user_maps = {{"@c", 6, {{Type::u64(), 0}}, Type::of(Type::Kind::Count), true}};
    object_.events.resize(8);
    for (auto& event : object_.events) event.size = 8;
    auto& printf = object_.events[kPrintf];
    printf.kind = EventLayout::Kind::Printf;
    printf.format.text = "%d";
    printf.fields = {{Type::i64(), 8}};
    printf.size = 16;
    object_.events[kExit].kind = EventLayout::Kind::Exit;
    object_.events[kExit].fields = {{Type::i64(), 8}};
    object_.events[kExit].size = 16;
    object_.events[kPrintMap].kind = EventLayout::Kind::PrintMap;
    object_.events[kPrintMap].top = 5;
    object_.events[kPrintMap].div = 2;
    object_.events[kClear].kind = EventLayout::Kind::Clear;
    object_.events[kZero].kind = EventLayout::Kind::Zero;
    object_.events[kTime].kind = EventLayout::Kind::Time;
    object_.events[kTime].format.text = "%H:%M";
    object_.events[kPrintEntry].kind = EventLayout::Kind::PrintMapValue;
    object_.events[kPrintEntry].fields = {{Type::u64(), 8}};
    object_.events[kPrintEntry].size = 16;
    object_.events[kPrintValue].kind = EventLayout::Kind::PrintValue;
    object_.events[kPrintValue].fields = {{Type::of(Type::Kind::Bool), 8}};
    object_.events[kPrintValue].size = 16;

    options_.target_fds = {file_.get()};
    kernel_.cpus = 2;
    // By default BEGIN prints, and the script exits once it is attached.
    kernel_.on_run = [this](const std::string& program) {
      if (program == "begin") kernel_.send(kPrintf, {1});
      if (program == "end") kernel_.send(kPrintf, {99});
    };
    kernel_.on_attach = [this](const FakeKernel::Attach& attach) {
      if (attach.program != "entry") return;
      count(7, {3, 4});
      kernel_.send(kPrintf, {2});
      kernel_.send(kExit, {5});
    };
  }

  void add_program(bool entry, plan::Moment moment,
                   std::vector<std::pair<uint64_t, uint64_t>> sites) {
    plan::Program program;
    program.shape.push_frame = entry;
    program.shape.pop_frame = !entry;
    program.shape.actions = {{0, entry ? 0u : 1u, moment}};
    for (auto [offset, function] : sites)
      program.sites.push_back(
          {0x400000 + offset, offset, 0, plan::Cookie{.self = function}.pack(), {0x90}});
    plan_.programs.push_back(program);
    object_.programs.push_back(
        {.name = entry ? "entry" : "return",
         .plan_program = static_cast<uint32_t>(plan_.programs.size() - 1),
         .insns = {{.code = 0x85, .imm = 131}}});  // as if it reserved a record
  }
  void add_timer(lang::ProbeKind kind, const std::string& name, uint64_t interval_ns = 0) {
    plan_.timers.push_back({kind, 0, 0, interval_ns});
    object_.programs.push_back({.name = name,
                                .kind = bpf::ProgramKind::RawTracepoint,
                                .timer = static_cast<uint32_t>(plan_.timers.size() - 1)});
  }
  void count(uint64_t key, std::vector<uint64_t> per_cpu) {
    FakeKernel::Buffer value(per_cpu.size() * 8);
    std::memcpy(value.data(), per_cpu.data(), value.size());
    kernel_.map_named("@c")->entries[FakeKernel::bytes_of(key)] = value;
  }
  bpf::Globals globals() {
    bpf::Globals globals;
    auto& value = kernel_.map_named("globals")->entries.begin()->second;
    std::memcpy(&globals, value.data(), sizeof globals);
    return globals;
  }
  void set_globals(const bpf::Globals& globals) {
    std::memcpy(kernel_.map_named("globals")->entries.begin()->second.data(), &globals,
                sizeof globals);
  }
  Result<int> run() {
    TRY(session, Session::start(kernel_, object_, plan_, options_));
    auto code = session.run(sink_);
    // In a container one line more is said.
    std::erase_if(sink_.lines, [](const std::string& line) {
      return line.find("PID namespace of its own") != std::string::npos;
    });
    return code;
  }
  // A second descriptor of the file, for writing; blocks while the file is leased.
  Fd open_writer() {
    const std::string path = "/proc/self/fd/" + std::to_string(file_.get());
    return Fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  }
  size_t index(const std::string& call) {
    auto at = std::find(kernel_.log.begin(), kernel_.log.end(), call);
    EXPECT_NE(at, kernel_.log.end()) << call;
    return static_cast<size_t>(at - kernel_.log.begin());
  }

  Fd file_;
  plan::Plan plan_;
  BpfObject object_;
  SessionOptions options_;
  FakeKernel kernel_;
  TestSink sink_;
};

TEST_F(SessionTest, TheWholeLife) {
  const size_t before = testing::open_files();
  auto code = run();
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, 5);
  EXPECT_EQ(sink_.lines, (Lines{"printf %d 1", "message uretprobe on Go: 3 RET sites", "attached 6",
                                "printf %d 2", "printf %d 99", "map @c [7]: 7"}));
  EXPECT_EQ(testing::open_files(), before);
  // Ends of calls are attached before what records calls; cookies go with their offsets.
  ASSERT_EQ(kernel_.attaches.size(), 2u);
  EXPECT_EQ(kernel_.attaches[0].program, "return");
  EXPECT_EQ(kernel_.attaches[1].offsets, (std::vector<uint64_t>{0x100, 0x200}));
  EXPECT_EQ(plan::Cookie::unpack(kernel_.attaches[1].cookies[1]).self, 1u);
  EXPECT_LT(index("run begin"), index("attach return"));
  EXPECT_LT(index("run gotap_stop"), index("run end"));
}

TEST_F(SessionTest, WhatIsNotNeededIsNotOpened) {
  object_.events.clear();
  kernel_.on_run = nullptr;
  kernel_.on_attach = nullptr;
  plan_.programs.clear();
  std::erase_if(object_.programs, [](auto& p) { return p.kind == bpf::ProgramKind::Uprobe; });
  auto code = run();
  ASSERT_TRUE(code.ok()) << code.error().message;
  for (const std::string& call : kernel_.log)
    for (const char* needless : {"ring", "offset", "scratch", "stop", "pid filter"})
      EXPECT_EQ(call.find(needless), std::string::npos) << call;
  EXPECT_EQ(sink_.lines, (Lines{"message uretprobe on Go: 3 RET sites", "attached 2", "map @c"}));
}

TEST_F(SessionTest, ExitInBeginAttachesNothing) {
  kernel_.on_run = [this](const std::string& program) {
    if (program == "begin") kernel_.send(kExit, {3});
  };
  auto code = run();
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, 3);
  EXPECT_TRUE(kernel_.attaches.empty());
  EXPECT_EQ(sink_.lines, (Lines{"attached 2", "map @c"}));
}

// The heart of it: whatever call fails, there is one clear message, nothing stays open or
// attached, and what was gathered before is printed.
TEST_F(SessionTest, EveryFailingCallIsOneErrorAndLeavesNothingBehind) {
  object_.needs_fsbase = true;
  plan_.uses_frames = true;
  options_.pids = {};
  ASSERT_TRUE(run().ok());
  const int calls = kernel_.calls;
  ASSERT_GT(calls, 20);
  const size_t before = testing::open_files();
  for (int n = 1; n <= calls; n++) {
    for (const char* message : {"no memory", "not permitted"}) {
      auto on_run = kernel_.on_run;
      auto on_attach = kernel_.on_attach;
      kernel_ = FakeKernel();
      kernel_.cpus = 2;
      kernel_.on_run = on_run;
      kernel_.on_attach = on_attach;
      kernel_.fail_call = n;
      kernel_.failure = {message, ""};
      sink_ = TestSink();
      auto code = run();
      const std::string call = kernel_.log[static_cast<size_t>(n) - 1];
      ASSERT_FALSE(code.ok()) << call;
      EXPECT_EQ(code.error().message, message) << call;
      EXPECT_EQ(testing::open_files(), before) << call;
      const bool began =
          std::find(sink_.lines.begin(), sink_.lines.end(), "printf %d 1") != sink_.lines.end();
      const bool mapped = std::any_of(sink_.lines.begin(), sink_.lines.end(),
                                      [](auto& line) { return line.starts_with("map @c"); });
      // A failure to attach comes after BEGIN, so what BEGIN gathered is shown.
      EXPECT_TRUE(mapped || !began || !call.starts_with("attach")) << call;
    }
  }
}

TEST_F(SessionTest, ARefusedInstructionIsNamedAndTheRestAttached) {
  kernel_.bad_offsets = {0x118};
  auto code = run();
  ASSERT_TRUE(code.ok()) << code.error().message;
  std::vector<uint64_t> offsets;
  for (auto& attach : kernel_.attaches)
    offsets.insert(offsets.end(), attach.offsets.begin(), attach.offsets.end());
  std::sort(offsets.begin(), offsets.end());
  EXPECT_EQ(offsets, (std::vector<uint64_t>{0x100, 0x110, 0x200, 0x210}));
  EXPECT_EQ(sink_.lines[1],
            "message the kernel cannot probe this instruction, left out: main.f at 0x400118");
}

TEST_F(SessionTest, NothingToAttachIsAnError) {
  kernel_.bad_offsets = {0x100, 0x200, 0x110, 0x118, 0x210};
  auto code = run();
  ASSERT_FALSE(code.ok());
  EXPECT_NE(code.error().message.find("nothing could be attached"), std::string::npos);
}

TEST_F(SessionTest, ATrapIsLeftOutBeforeTheKernelIsAsked) {
  plan_.programs[0].sites.push_back({0x400300, 0x300, 0, plan::Cookie{.self = 1}.pack(), {0xcc}});
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(kernel_.attaches[1].offsets, (std::vector<uint64_t>{0x100, 0x200}));
  EXPECT_NE(std::find(sink_.lines.begin(), sink_.lines.end(),
                      "message the kernel cannot probe this instruction, left out: main.g at "
                      "0x400300"),
            sink_.lines.end());
}

TEST_F(SessionTest, AChangedFileIsRefusedBeforeAnythingRuns) {
  ASSERT_EQ(::pwrite(open_writer().get(), "x", 1, 0x110), 1);
  auto code = run();
  ASSERT_FALSE(code.ok());
  EXPECT_NE(code.error().message.find("./prog was changed"), std::string::npos);
  EXPECT_NE(code.error().message.find("main.f at 0x400110"), std::string::npos);
  EXPECT_TRUE(sink_.lines.empty());
  EXPECT_EQ(std::count(kernel_.log.begin(), kernel_.log.end(), "run begin"), 0);
}

TEST_F(SessionTest, AFileIsWrittenOnlyAfterItsProbesAreGone) {
  std::thread writer;
  bool before_end = true;
  kernel_.on_attach = [&](const FakeKernel::Attach& attach) {
    if (attach.program != "entry") return;
    count(7, {3, 4});
    writer = std::thread([&] {
      Fd fd = open_writer();
      before_end = std::count(kernel_.log.begin(), kernel_.log.end(), "run end") == 0;
      EXPECT_EQ(::pwrite(fd.get(), "x", 1, 0x110), 1);
    });
  };
  auto code = run();
  writer.join();
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, 0);
  EXPECT_FALSE(before_end);
  const Lines expected = {
      "printf %d 1",  "message uretprobe on Go: 3 RET sites",
      "attached 6",   "message ./prog is about to be written: its probes are removed first",
      "printf %d 99", "map @c [7]: 7",
  };
  EXPECT_EQ(sink_.lines, expected);
}

TEST_F(SessionTest, AFileThatIsOpenForWritingIsNamed) {
  Fd writer = open_writer();
  ASSERT_TRUE(run().ok());
  EXPECT_TRUE(sink_.lines[0].starts_with("message ./prog is open for writing: ")) << sink_.lines[0];
}

TEST_F(SessionTest, EventsAreDoneInTheirOrder) {
  kernel_.on_attach = [this](const FakeKernel::Attach& attach) {
    if (attach.program != "entry") return;
    count(7, {3, 4});
    count(8, {1, 0});
    kernel_.send(kPrintMap);
    kernel_.send(kPrintEntry, {7});
    kernel_.send(kPrintEntry, {6});
    kernel_.send(kZero);
    kernel_.send(kPrintMap);
    kernel_.send(kClear);
    kernel_.send(kPrintMap);
    kernel_.send(kTime);
    kernel_.send(kPrintValue, {1});
    kernel_.send(kExit, {0});
    kernel_.send(kPrintf, {-4ull});  // behind exit(), from another CPU: not lost
    kernel_.send(kExit, {9});
  };
  auto code = run();
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, 0);
  Lines lines(sink_.lines.begin() + 3, sink_.lines.end());
  EXPECT_EQ(lines, (Lines{"map @c 5/2 [7]: 7 [8]: 1", "entry @c[7]: 7", "entry @c[6]: 0",
                          "map @c 5/2 [7]: 0 [8]: 0", "map @c 5/2", "time %H:%M", "value true",
                          "printf %d -4", "printf %d 99", "map @c"}));
}

TEST_F(SessionTest, AnEventNobodySendsIsAnErrorAfterWhichMapsArePrinted) {
  kernel_.on_attach = [this](const FakeKernel::Attach& attach) {
    if (attach.program != "entry") return;
    count(7, {1, 0});
    kernel_.send(77);
    kernel_.send(kPrintf, {2});
  };
  auto code = run();
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(sink_.lines.back(), "map @c [7]: 1");
}

TEST_F(SessionTest, LossesAreHandedOver) {
  plan_.uses_frames = true;
  kernel_.on_attach = [this](const FakeKernel::Attach& attach) {
    if (attach.program != "entry") return;
    bpf::Globals lost = globals();
    EXPECT_GT(lost.start_ns, 0u);
    EXPECT_EQ(lost.tgid, 0u);
    lost.ring_full = 3;
    lost.unwound = 1;
    lost.undecided = 4;
    set_globals(lost);
    const uint64_t full = 6;
    auto& value = kernel_.map_named("globals")->entries.begin()->second;
    std::memcpy(value.data() + sizeof lost, &full, 8);
    // Two frames of goroutine 1 in a chain, and one that no chain reaches.
    auto& frames = kernel_.map_named("frames")->entries;
    frames[FakeKernel::bytes_of(bpf::FrameKey{1, 1, 0, 100})] =
        FakeKernel::bytes_of(bpf::FrameValue{5, 0, bpf::kNoFunction});
    frames[FakeKernel::bytes_of(bpf::FrameKey{1, 1, 1, 200})] =
        FakeKernel::bytes_of(bpf::FrameValue{6, 100, 0});
    frames[FakeKernel::bytes_of(bpf::FrameKey{1, 1, 1, 300})] =
        FakeKernel::bytes_of(bpf::FrameValue{6, 200, 1});
    kernel_.map_named("tops")->entries[FakeKernel::bytes_of(bpf::TopKey{1, 1})] =
        FakeKernel::bytes_of(bpf::TopValue{200, 1});
    kernel_.send(kExit, {0});
  };
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(sink_.lost.ring_full, 3u);
  EXPECT_EQ(sink_.lost.undecided, 4u);
  EXPECT_EQ(sink_.lost.in_flight, 2u);
  EXPECT_EQ(sink_.lost.unwound, 2u);
  ASSERT_EQ(sink_.lost.map_full.size(), 1u);
  EXPECT_EQ(sink_.lost.map_full[0], (std::pair<std::string, uint64_t>{"@c", 6}));
}

TEST_F(SessionTest, IntervalsRunUntilExit) {
  add_timer(lang::ProbeKind::Interval, "tick", 1'000'000);
  kernel_.on_attach = nullptr;
  int ticks = 0;
  kernel_.on_run = [&](const std::string& program) {
    if (program == "tick" && ++ticks == 3) kernel_.send(kExit, {0});
  };
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(ticks, 3);
}

TEST_F(SessionTest, AnOutputThatHasAllItWasAskedForEndsIt) {
  add_timer(lang::ProbeKind::Interval, "tick", 1'000'000);
  kernel_.on_attach = nullptr;
  int ticks = 0;
  kernel_.on_run = [&](const std::string& program) {
    if (program == "tick" && ++ticks == 3) sink_.complete = true;
  };
  ASSERT_TRUE(run().ok());
  EXPECT_EQ(ticks, 3);
}

TEST_F(SessionTest, SignalsEndItAndTheMapsArePrinted) {
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    sink_ = TestSink();
    kernel_.on_attach = [this, signal](const FakeKernel::Attach& attach) {
      if (attach.program != "entry") return;
      count(7, {1, 1});
      ::pthread_kill(::pthread_self(), signal);
    };
    auto code = run();
    ASSERT_TRUE(code.ok()) << code.error().message;
    EXPECT_EQ(*code, 0);
    EXPECT_EQ(sink_.lines.back(), "map @c [7]: 2");
  }
}

TEST_F(SessionTest, AnUnwritableOutputStopsQuietly) {
  kernel_.on_attach = [this](const FakeKernel::Attach& attach) {
    if (attach.program != "entry") return;
    count(7, {1, 1});
    sink_.writable = false;
    kernel_.send(kPrintf, {2});
  };
  auto code = run();
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, 1);
  EXPECT_EQ(sink_.lines.back(), "attached 6");
}

TEST_F(SessionTest, ALostExitEventStillEndsIt) {
  kernel_.on_attach = [this](const FakeKernel::Attach& attach) {
    if (attach.program != "entry") return;
    bpf::Globals marked = globals();
    marked.exiting = 1;  // as exit() leaves it when the ring is full
    marked.ring_full = 1;
    set_globals(marked);
  };
  auto code = run();
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(sink_.lost.ring_full, 1u);
}

TEST_F(SessionTest, TheChildIsReleasedAndItsExitCodePassedOn) {
  kernel_.on_attach = nullptr;
  auto child = Child::spawn("sh -c 'exit 42'");
  ASSERT_TRUE(child.ok());
  options_.child = &*child;
  auto code = run();
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, 42);
  EXPECT_EQ(kernel_.attaches[0].pids, std::vector<int>{child->pid()});
}

TEST_F(SessionTest, TheChildIsTerminatedWhenWeEndFirst) {
  auto child = Child::spawn("sleep 100");
  ASSERT_TRUE(child.ok());
  options_.child = &*child;
  auto code = run();
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, 5);  // exit(5)
  for (int i = 0; i < 1000 && !child->ended(); i++) ::usleep(10'000);
  EXPECT_EQ(child->exit_code(), 128 + SIGTERM);
}

TEST_F(SessionTest, WithoutAWorkingPidFilterTheProgramsCompare) {
  auto child = Child::spawn("true");
  ASSERT_TRUE(child.ok());
  options_.child = &*child;
  options_.attach.compare_tgid = true;
  ASSERT_TRUE(run().ok());
  EXPECT_TRUE(kernel_.attaches[0].pids.empty());
  EXPECT_EQ(globals().tgid, static_cast<uint64_t>(child->pid()));
}

TEST_F(SessionTest, SeveralProcessesEndItWithTheLastOfThem) {
  kernel_.on_attach = nullptr;
  plan_.programs.clear();  // what is not probed need not be what the processes run
  std::erase_if(object_.programs, [](auto& p) { return p.kind == bpf::ProgramKind::Uprobe; });
  auto first = Child::spawn("true");
  auto last = Child::spawn("sleep 100");
  ASSERT_TRUE(first.ok() && last.ok());
  ASSERT_TRUE(first->release().ok() && last->release().ok());
  options_.pids = {first->pid(), last->pid()};
  int ticks = 0;
  bool only_last = false;
  add_timer(lang::ProbeKind::Interval, "tick", 1'000'000);
  kernel_.on_run = [&](const std::string& program) {
    if (program != "tick" || !first->ended()) return;
    only_last = !last->ended();
    if (++ticks == 20) last->terminate();
  };
  ASSERT_TRUE(run().ok());
  EXPECT_TRUE(only_last);
  EXPECT_GE(ticks, 20);
}

TEST_F(SessionTest, AProcessThatIsGoneIsAClearError) {
  options_.pids = {0x3ffffff};
  auto code = run();
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(code.error().message, "there is no process 67108863");
  EXPECT_TRUE(kernel_.log.empty());
}

TEST_F(SessionTest, SweepDeletesOnlyWhatTwoLooksFoundDead) {
  plan_.uses_frames = true;
  auto loaded = load(kernel_, object_, plan_, options_);
  ASSERT_TRUE(loaded.ok());
  Maps maps(kernel_, object_, plan_, loaded->map_fds, 2);
  FrameSweeper sweeper(kernel_, maps, loaded->map_fds);
  auto& frames = kernel_.map_named("frames")->entries;
  auto& tops = kernel_.map_named("tops")->entries;
  auto frame = [&](uint64_t goroutine, uint32_t k, uint32_t parent_k, uint32_t parent) {
    frames[FakeKernel::bytes_of(bpf::FrameKey{1, goroutine, 0, k})] =
        FakeKernel::bytes_of(bpf::FrameValue{k, parent_k, parent});
  };
  frame(1, 10, 0, bpf::kNoFunction);
  frame(1, 20, 10, 0);
  frame(2, 10, 0, bpf::kNoFunction);  // no top: dead
  tops[FakeKernel::bytes_of(bpf::TopKey{1, 1})] = FakeKernel::bytes_of(bpf::TopValue{20, 0});
  EXPECT_EQ(sweeper.sweep().value().unwound, 0u);
  EXPECT_EQ(frames.size(), 3u);
  EXPECT_EQ(sweeper.sweep().value().unwound, 1u);
  EXPECT_EQ(frames.size(), 2u);
  EXPECT_EQ(sweeper.count().value().in_flight, 2u);
  // A chain with a missing link says nothing about what is below it: kept.
  tops[FakeKernel::bytes_of(bpf::TopKey{1, 1})] = FakeKernel::bytes_of(bpf::TopValue{30, 0});
  for (int i = 0; i < 3; i++) EXPECT_EQ(sweeper.sweep().value().unwound, 0u);
  EXPECT_EQ(frames.size(), 2u);
  // A chain that bites its tail ends.
  frame(1, 30, 30, 0);
  EXPECT_TRUE(sweeper.sweep().ok());
}

TEST_F(SessionTest, SweepDeletesWhatWasKeptOfCallsThatAreGone) {
  plan_.uses_frames = true;
  object_.maps[bpf::BpfObject::kSaved] = {"saved", bpf::MapType::Hash, 24, 16, 100};
  auto loaded = load(kernel_, object_, plan_, options_);
  ASSERT_TRUE(loaded.ok());
  Maps maps(kernel_, object_, plan_, loaded->map_fds, 2);
  FrameSweeper sweeper(kernel_, maps, loaded->map_fds);
  auto& frames = kernel_.map_named("frames")->entries;
  auto& tops = kernel_.map_named("tops")->entries;
  auto& saved = kernel_.map_named("saved")->entries;
  auto key = [](uint32_t k) { return FakeKernel::bytes_of(bpf::FrameKey{1, 1, 0, k}); };
  auto keep = [&](uint32_t k, uint64_t start) {
    saved[key(k)] = FakeKernel::bytes_of(std::array<uint64_t, 2>{start, 77});
  };
  frames[key(10)] = FakeKernel::bytes_of(bpf::FrameValue{100, 0, bpf::kNoFunction});
  tops[FakeKernel::bytes_of(bpf::TopKey{1, 1})] = FakeKernel::bytes_of(bpf::TopValue{10, 0});
  keep(10, 100);
  keep(20, 200);  // no frame
  EXPECT_TRUE(sweeper.sweep().ok());
  EXPECT_EQ(saved.size(), 2u);
  keep(20, 300);  // another call's: looked at anew
  EXPECT_TRUE(sweeper.sweep().ok());
  EXPECT_EQ(saved.size(), 2u);
  EXPECT_TRUE(sweeper.sweep().ok());
  EXPECT_EQ(saved.size(), 1u);
  EXPECT_TRUE(saved.contains(key(10)));
  // With the frame goes what was kept.
  tops.clear();
  EXPECT_EQ(sweeper.sweep().value().unwound, 0u);
  EXPECT_EQ(sweeper.sweep().value().unwound, 1u);
  EXPECT_TRUE(saved.empty());
}

TEST(Load, RingHoldsTheLargestRecords) {
  EXPECT_EQ(default_ring_bytes(16, 0), 256u << 10);
  EXPECT_EQ(default_ring_bytes(16, 1), 1u << 20);
  EXPECT_EQ(default_ring_bytes(16, 3), 4u << 20);
  EXPECT_EQ(default_ring_bytes(16, 500), 8u << 20);
  EXPECT_EQ(default_ring_bytes(100'000, 2), 8u << 20);
  EXPECT_EQ(default_ring_bytes(0xffffffff, 2), 1u << 30);
}

}  // namespace
}  // namespace gotap::trace
