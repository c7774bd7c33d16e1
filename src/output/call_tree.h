// Trees of calls, put together from their beginnings and returns as these come in.
// Entry point: CallTrees.
//
// A call is known by where its frame is on its goroutine's stack: calls that it makes are deeper,
// and when another begins as deep or less deep, it is no longer alive, whether it returned or a
// panic threw it away. That a return was lost must not look like a panic: what comes is numbered,
// and a tree of which a number is missing is given up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gotap::output {

struct Call {
  enum class End : uint8_t { Returned, Thrown, Open };  ///< Thrown: by a panic or Goexit
  std::string function;
  End end = End::Open;
  uint64_t ns = 0;          ///< of one that returned
  std::string error;        ///< that it returned; empty: none
  std::vector<Call> calls;  ///< in order
  uint64_t left_out = 0;    ///< calls that are not among them, as there were too many
  uint64_t left_out_ns = 0;
  bool doubtful = false;  ///< what it called behind a recovered panic is not known

  /// Without the calls that it made. Nothing of one that did not return, or called such a one.
  bool knows_self() const;
  uint64_t self_ns() const;
};

/// A tree, of the call that all others are below.
struct CallTree {
  std::string time;  ///< when it began
  uint64_t pid = 0, goid = 0;
  Call root;
};

class CallTrees {
 public:
  /// Calls of one tree that are kept.
  static constexpr size_t kMostCalls = 10'000;

  using Done = std::function<void(CallTree)>;
  /// `done` gets each tree when its root has ended.
  explicit CallTrees(Done done) : done_(std::move(done)) {}

  struct Place {
    uint64_t pid = 0, goid = 0;
    uint64_t depth = 0;   ///< of the frame: bytes from the top of the stack
    uint64_t number = 0;  ///< of the event, among those of its goroutine
  };
  /// A call of the root begins: where none is open, a tree.
  void root(const Place& place, const std::string& function, const std::string& time);
  /// Another begins; nothing if no root is open there.
  void begin(const Place& place, const std::string& function);
  /// A call returns. What began before we came is no part of a tree.
  void end(const Place& place, const std::string& function, uint64_t ns, const std::string& error);
  /// The goroutine recovers from a panic: any of its open calls may be gone. (No depth.)
  void recovered(const Place& place);
  /// The goroutine has ended: none of its open calls returns. (No depth.)
  void ended(const Place& place);
  /// Trees whose root has not ended.
  size_t open() const { return open_.size(); }
  /// Those that were given up, as something of them was lost.
  uint64_t torn() const { return torn_; }

 private:
  struct Frame {
    uint64_t depth = 0;
    Call call;
    uint64_t begun = 0;            ///< number of the event
    uint64_t recovered_since = 0;  ///< that of the first recovery while it was open; 0: none
    size_t certain = 0;            ///< of its calls those that began before that
    uint64_t certain_left_out = 0, certain_left_out_ns = 0;
  };
  struct Goroutine {
    std::string time;
    std::vector<Frame> frames;  ///< outermost first
    size_t calls = 0;
    uint64_t events = 0;
    uint64_t number = 0;  ///< of the last event
  };
  using Key = std::pair<uint64_t, uint64_t>;  // pid, goid
  using Open = std::map<Key, Goroutine>;

  Open::iterator find(const Place& place);
  void push(const Place& place, const std::string& function, const std::string& time);
  void throw_away(Open::iterator at, uint64_t depth);
  void close(Open::iterator at);
  static void note_certain(Frame& frame);

  Done done_;
  Open open_;
  uint64_t torn_ = 0;
};

}  // namespace gotap::output
