// `gotap waits`: where the time in calls goes. The script follows each goroutine that is in a call
// from one state to the next and adds the time up by state; what is not spent waiting is running.
//
// Facts (runtime/proc.go, mgcmark.go, netpoll.go, coro.go, syscall/syscall_linux.go of Go 1.15 to
// 1.27; the names and the place of g and reason among the arguments are the same in all of them):
//   A goroutine waits from gopark(unlockf, lock, reason, ...), which runs on its own stack, until
//   ready(g) makes it runnable; it runs again when execute(g) is called. What the poller finds
//   ready goes through no ready(), but through netpollready(list, descriptor, mode), mode 'r', 'w'
//   or their sum. injectglist() alone wakes those that wait for the garbage collector; until they
//   run that counts as waiting for it. goschedImpl(g) (Gosched, preemption), goyield_m(g) (an
//   unlocked mutex is handed on) and preemptPark(g) leave it runnable, as does exitsyscall0(g),
//   exitsyscallNoP(g) from 1.26 on, where a system call's end finds no P. System calls and C are
//   between reentersyscall() or entersyscallblock() and exitsyscall(); the number of the call is
//   the first argument of syscall.Syscall and Syscall6, which the compiler never inlines
//   (go:uintptrkeepalive) or which are assembly. gcAssistAlloc() marks for the garbage collector
//   and may park. iter.Pull switches goroutines by coroswitch(), past the scheduler.
#include "output/waits.h"

#include <algorithm>

#include "base/type.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "go/goroutine_ends.h"
#include "go/versions.h"

namespace gotap::cli {

namespace {

// The state a goroutine is in: a WaitCode, since when. Of an open call what was spent so far, by
// state, and a list of the states.
constexpr const char* kForget =
    "  for ($i : 0..@kinds[pid, goid]) {\n"
    "    $kind = @kind[pid, goid, $i];\n"
    "    delete(@ns, (pid, goid, $kind));\n"
    "    delete(@times, (pid, goid, $kind));\n"
    "    delete(@kind, (pid, goid, $i));\n"
    "  }\n";

std::string code(uint32_t number) { return std::to_string(number); }

class WaitsScript {
 public:
  explicit WaitsScript(const Traced& traced) : traced_(traced) {}

  std::string text() {
    const std::vector<std::string> reasons = traced_.image->wait_reasons();
    const auto code_of = [&](const char* reason) -> std::string {
      const auto found = std::find(reasons.begin(), reasons.end(), reason);
      if (found == reasons.end()) return "";
      return code(WaitCode::kReason + static_cast<uint32_t>(found - reasons.begin()));
    };
    const std::string here = "@since[pid, goid]", there = "@since[pid, goid(arg0)]";
    becomes({"runtime.gopark"}, here, "goid", "(arg2 & 0xff) + " + code(WaitCode::kReason));
    becomes({"runtime.ready", "runtime.goschedImpl", "runtime.goyield_m", "runtime.preemptPark",
             "runtime.exitsyscall0", "runtime.exitsyscallNoP"},
            there, "goid(arg0)", code(WaitCode::kRunnable));
    // Without that, until it runs it waits for the network.
    if (const auto poll = go::poll_layout(traced_.image->go_minor())) {
      poller_wakes(poll->reader, 'w');
      poller_wakes(poll->writer, 'r');
    }
    becomes({"runtime.execute"}, "@state[pid, goid(arg0)] && " + there, "goid(arg0)",
            "@assist[pid, $g]");
    add({"syscall.Syscall", "syscall.Syscall6"}, here,
        "  @syscall[pid, goid] = arg0 + " + code(WaitCode::kSyscall) + ";\n");
    becomes({"runtime.reentersyscall", "runtime.entersyscallblock"}, here, "goid",
            "@syscall[pid, $g] ? @syscall[pid, $g] : " + code(WaitCode::kForeign));
    becomes({"runtime.exitsyscall"}, here, "goid", "0", "uprobe", "  @syscall[pid, $g] = 0;\n");
    const std::string assist = code_of("GC assist marking");  // the first of all
    becomes({"runtime.gcAssistAlloc"}, here, "goid", assist, "uprobe",
            "  @assist[pid, $g] = " + assist + ";\n");
    becomes({"runtime.gcAssistAlloc"}, "@assist[pid, goid]", "goid", "0", "uretprobe",
            "  @assist[pid, $g] = 0;\n");
    if (const std::string switched = code_of("coroutine"); !switched.empty()) {
      becomes({"runtime.coroswitch"}, here, "goid", switched);
      becomes({"runtime.coroswitch"}, here, "goid", "0", "uretprobe");
    }
    add({std::begin(go::kGoroutineEnds), std::end(go::kGoroutineEnds)},
        "has_key(@state, (pid, goid))", forget());
    return script_;
  }

  /// What ends the following of a call.
  static std::string forget() {
    std::string text = kForget;
    for (const char* map : {"@kinds", "@state", "@since", "@assist", "@syscall"})
      text += std::string("  delete(") + map + ", (pid, goid));\n";
    return text;
  }

 private:
  // The clause of those of the functions that the program has.
  void add(const std::vector<const char*>& functions, const std::string& when,
           const std::string& body, const char* kind = "uprobe") {
    std::string probes;
    for (const char* function : functions)
      if (!traced_.image->find(function).empty())
        probes += (probes.empty() ? "" : ",\n") + traced_.probe(kind, function);
    if (!probes.empty()) script_ += probes + " /" + when + "/ {\n" + body + "}\n";
  }

  // The goroutine `g` leaves its state for `next`. What does not fit into the maps makes the call
  // one that is left out.
  void becomes(const std::vector<const char*>& functions, const std::string& when,
               const std::string& g, const std::string& next, const char* kind = "uprobe",
               const std::string& further = {}) {
    add(functions, when,
        "  $g = " + g +
            ";\n"
            "  $now = nsecs(monotonic);\n"
            "  $was = @state[pid, $g];\n"
            "  $full = 0;\n"
            "  if ($was != 0) {\n"
            "    if (!has_key(@ns, (pid, $g, $was))) {\n"
            "      $n = @kinds[pid, $g];\n"
            "      @kind[pid, $g, $n] = $was;\n"
            "      @ns[pid, $g, $was] = 0;\n"
            "      @times[pid, $g, $was] = 0;\n"
            "      if (!has_key(@kind, (pid, $g, $n)) || !has_key(@ns, (pid, $g, $was)) ||\n"
            "          !has_key(@times, (pid, $g, $was))) { $full = 1; }\n"
            "      @kinds[pid, $g] = $n + 1;\n"
            "    }\n"
            "    @times[pid, $g, $was] += 1;\n"
            "    @ns[pid, $g, $was] += $now - @since[pid, $g];\n"
            "  }\n"
            "  @state[pid, $g] = " +
            next +
            ";\n"
            "  @since[pid, $g] = $now;\n" +
            further + "  if ($full) { delete(@since, (pid, $g)); }\n",
        kind);
  }

  // The goroutine that the descriptor has at `offset`, unless only `other` is ready.
  void poller_wakes(int32_t offset, char other) {
    const std::string g = "*(uint64 *)(arg1 + " + std::to_string(offset) + ")";
    becomes({"runtime.netpollready"},
            "(arg2 & 0xff) != " + std::to_string(other) + " && " + g + " > 2 && @since[pid, goid(" +
                g + ")]",
            "goid(" + g + ")", code(WaitCode::kRunnable));
  }

  const Traced& traced_;
  std::string script_;
};

// The same functions' other probes.
std::string with_kind(const Traced& traced, std::string probes, const std::string& kind) {
  const std::string from = "uretprobe:\"" + traced.path + "\":",
                    to = kind + ":\"" + traced.path + "\":";
  for (size_t at = 0; (at = probes.find(from, at)) != std::string::npos; at += to.size())
    probes.replace(at, from.size(), to);
  return probes;
}

std::string returned(const std::string& probes, const std::string& when) {
  // `when` is /.../ and a blank, or empty.
  const std::string chosen = when.empty() ? "" : " && " + when.substr(1, when.size() - 3);
  return probes + " /outermost && @since[pid, goid] && @state[pid, goid] == 0" + chosen +
         "/ {\n"
         "  @calls[func] = count();\n"
         "  $left = duration;\n"
         "  for ($i : 0..@kinds[pid, goid]) {\n"
         "    $kind = @kind[pid, goid, $i];\n"
         "    $ns = @ns[pid, goid, $kind];\n"
         "    $left = $left - $ns;\n"
         "    @spent[func, wait_name($kind)] = sum($ns);\n"
         "    @longest[func, wait_name($kind)] = max($ns);\n"
         "    @waits[func, wait_name($kind)] = sum(@times[pid, goid, $kind]);\n"
         "  }\n"
         "  @spent[func, wait_name(0)] = sum($left);\n"
         "  @longest[func, wait_name(0)] = max($left);\n"
         "}\n";
}

// Whether waits can be followed at all.
bool has_scheduler(const Traced& traced) {
  for (const char* name : {"runtime.gopark", "runtime.ready", "runtime.execute"}) {
    if (!traced.image->find(name).empty()) continue;
    print_error({traced.path + " has no function " + name,
                 traced.image->is_go() ? "the compiler inlined it (profile-guided optimization)"
                                       : "gotap waits is for Go programs"});
    return false;
  }
  if (!traced.image->wait_reasons().empty()) return true;
  print_error({traced.path + " has no texts for what goroutines wait for",
               "gotap waits knows the runtime of Go 1.15 to 1.27"});
  return false;
}

}  // namespace

int show_waits(const Command& command) {
  auto traced = open_traced(command);
  if (!traced || !has_scheduler(*traced)) return kFailed;
  std::string all, returns;  // `all`: probes of the returns of all functions
  write_clauses(command, *traced, "uretprobe",
                [&](const std::string& probes, const std::string& when) {
                  all += (all.empty() ? "" : ",\n") + probes;
                  returns += returned(probes, when);
                  return std::string();
                });
  if (all.empty()) return kFailed;
  // A call that a panic ended may have left something behind.
  const std::string script =
      "config = { max_map_keys = 32768 }\n" + with_kind(*traced, all, "uprobe") +
      " /outermost/ {\n" + kForget +
      "  @kinds[pid, goid] = 0;\n"
      "  @state[pid, goid] = 0;\n"
      "  @assist[pid, goid] = 0;\n"
      "  @syscall[pid, goid] = 0;\n"
      "  if (has_key(@kinds, (pid, goid)) && has_key(@state, (pid, goid))) {\n"
      "    @since[pid, goid] = nsecs(monotonic);\n"
      "  }\n"
      "}\n" +
      WaitsScript(*traced).text() + returns + all +
      " /outermost/ {\n"
      "  if (@since[pid, goid] == 0 || @state[pid, goid] != 0) { @left_out = count(); }\n" +
      WaitsScript::forget() +
      "}\n"
      "END {\n"
      "  clear(@assist); clear(@kind); clear(@kinds); clear(@ns); clear(@since); clear(@state);\n"
      "  clear(@syscall); clear(@times);\n"
      "}\n";
  return run_command(
      command, std::move(*traced),
      script + timers(command,
                      "print(@calls); print(@left_out); print(@longest); print(@spent); "
                      "print(@waits);"),
      [&](const output::SinkOptions& options) {
        return std::make_unique<output::WaitsSink>(options, command.limit, command.interval > 0);
      });
}

}  // namespace gotap::cli
