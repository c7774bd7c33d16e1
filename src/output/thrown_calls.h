// Calls that a panic or runtime.Goexit ended, found among the beginnings and returns of all calls
// as these come in: `gotap trace --panics`.
//
// Entry points: ThrownCalls, and ThrownSink, which shows them. Both take the records of
// cli/trace.cc, printf()s whose format begins with what happened; numbers follow, N being the
// record's among those of its goroutine, DEPTH the bytes of the stack above a call:
//   begin N PID GOID DEPTH FUNCTION NS \t ... a call begins; behind the tab is what is shown of it
//   jumper ...                         the same of a function that may leave by a jump: what it
//                                      jumps to begins in its place
//   end N PID GOID DEPTH FUNCTION      a call returns
//   panic N PID GOID DEPTH NS          the goroutine panics
//   goexit N PID GOID DEPTH NS         it calls runtime.Goexit
//   behind N PID GOID DEPTH            it goes on behind a recovered panic: no call that is as deep
//                                      or deeper is open
//   over N PID GOID                    it has ended, or the program does: none of its calls returns
//
// A return that was not seen must not look like a panic. So a call counts as ended by one only if a
// panic was seen on its goroutine since it began, which was not recovered by what it called; and
// where a number is missing among a goroutine's records, all that is open there is forgotten.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "output/value.h"

namespace gotap::output {

/// A call that did not return.
struct ThrownCall {
  enum class By : uint8_t { Panic, Goexit, Either };
  By by = By::Either;
  /// Nanoseconds from its beginning to the panic, or to the call of runtime.Goexit; nothing: that
  /// was not seen, `by` is Either.
  std::optional<uint64_t> after_ns;
  Format format;            ///< what is shown of it: of `begin`, behind the tab
  std::vector<Value> args;  ///< of that
};

class ThrownCalls {
 public:
  /// The calls that this record shows to be thrown away, innermost first.
  std::vector<ThrownCall> take(const Format& format, const std::vector<Value>& args);
  /// Calls of which it is not known how they ended, as something was lost.
  uint64_t unknown() const { return unknown_; }

 private:
  struct Frame {
    uint64_t depth = 0, number = 0, begun_ns = 0;
    bool jumps = false;
    std::string function;
    ThrownCall call;
  };
  struct Panic {
    uint64_t depth = 0, number = 0, ns = 0;
    ThrownCall::By by = ThrownCall::By::Panic;
  };
  struct Goroutine {
    uint64_t number = 0;        ///< of its last record
    std::vector<Frame> frames;  ///< outermost first
    std::vector<Panic> panics;  ///< that nobody recovered yet, first one first
  };
  using Calls = std::vector<ThrownCall>;

  static const Panic* panic_of(const Goroutine& goroutine, const Frame& frame);
  void drop(Goroutine& goroutine, uint64_t depth, bool ended, Calls& out);
  void drop_last(Goroutine& goroutine, bool ended, Calls& out);
  void begin(Goroutine& goroutine, Frame frame, Calls& out);
  void end(Goroutine& goroutine, uint64_t depth, const std::string& function, Calls& out);

  uint64_t unknown_ = 0;
  std::map<std::pair<uint64_t, uint64_t>, Goroutine> goroutines_;  ///< by process and goroutine
};

/// Says in the line of a call how it ended, behind two blanks: `panicked after 1.234ms`, `Goexit
/// after 1.234ms`, `did not return: a panic or Goexit ended it`. A stack stays below the line.
void add_ending(ThrownCall& call);
/// The same as fields of a record: `ended_by`, if that is known with `after_ns`.
void add_ending_fields(ThrownCall& call);

/// What is to be said at the end, that the calls of which `shown` are ended are not all, or not
/// surely all right; empty: nothing.
std::string thrown_warning(const ThrownCalls& calls, uint64_t shown, const Losses& losses);

/// Shows the calls that did not return as `Shown`, a sink of lines or fields, shows calls. The
/// maps are the script's own and not shown.
template <class Shown, void (*kAddEnding)(ThrownCall&)>
class ThrownSink : public Shown {
 public:
  using Shown::Shown;
  void print(const Format& format, const std::vector<Value>& args) override {
    for (ThrownCall& call : calls_.take(format, args)) {
      kAddEnding(call);
      shown_++;
      Shown::print(call.format, call.args);
    }
  }
  void map(const MapDump&) override {}
  void losses(const Losses& losses) override {
    const std::string warning = thrown_warning(calls_, shown_, losses);
    if (!warning.empty()) Shown::complain("WARNING: " + warning);
    Shown::losses(losses);
  }

 private:
  ThrownCalls calls_;
  uint64_t shown_ = 0;
};

}  // namespace gotap::output
