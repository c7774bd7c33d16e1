// What `gotap graph` shows: the trees of calls below a function, or their sum as a profile.
//
// Entry points: GraphSink, GraphJsonSink. Both take the records of cli/graph.cc, printf()s whose
// format begins with what happened:
//   root TIME GOID PID DEPTH N FUNCTION      a call of the root begins
//   begin PID GOID DEPTH N FUNCTION          one below it does
//   end PID GOID DEPTH N FUNCTION NS [ERROR] a call returns
//   recovered PID GOID N, ended PID GOID N   of a goroutine
// (N numbers the records of a goroutine)
// and the maps `@calls` (of the root) and `@followed` (those whose calls were recorded).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "output/call_tree.h"
#include "output/json.h"
#include "output/text.h"

namespace gotap::output {

/// Which trees are shown, and how.
struct GraphStyle {
  std::string root;        ///< name of the function, for the summary
  uint64_t slower_ns = 0;  ///< those that took longer
  bool errors = false;     ///< those whose root returned an error
  bool panics = false;     ///< those whose root was thrown away
  bool sum = false;        ///< the sum of all those, not each
  bool folded = false;     ///< that as folded stacks
  bool filtered = false;   ///< not all calls of the root are followed, by the user's wish
  uint32_t limit = 0;      ///< so many and no more; 0: all
};

/// All calls of a function from the same calls above it.
struct Profile {
  std::string function;
  uint64_t calls = 0, thrown = 0, errors = 0;
  uint64_t ns = 0;             ///< of those that returned
  uint64_t self_ns = 0;        ///< of those of which it is known
  uint64_t self_unknown = 0;   ///< calls that returned of which it is not
  std::vector<Profile> below;  ///< in the order in which they came first
};

void add_to_profile(Profile& profile, const Call& call);

/// Puts the records together, chooses the trees.
class Graph {
 public:
  explicit Graph(GraphStyle style);
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  /// A record; the trees that it finished and that are shown are in finished() then.
  void take(const Format& format, const std::vector<Value>& args);
  void take(const MapDump& map);
  std::vector<CallTree> finished();
  const std::vector<Profile>& profile() const { return profile_; }
  const GraphStyle& style() const { return style_; }
  /// As many trees as were asked for.
  bool is_complete() const { return style_.limit && shown_ == style_.limit; }
  /// "12 calls of main.f, 10 of them followed; 3 shown".
  std::string summary() const;

 private:
  void done(CallTree tree);

  GraphStyle style_;
  std::vector<CallTree> finished_;
  std::vector<Profile> profile_;  ///< one, or none
  uint64_t calls_ = 0, followed_ = 0, shown_ = 0;
  CallTrees trees_;
};

/// A tree as lines: of each call how long it took, how long without the calls below it, what it is.
/// Calls of one function in a row that call nothing are one line.
std::string tree_text(const CallTree& tree);
/// The same of a profile, the longest first, with the number of calls.
std::string profile_text(const Profile& profile);

/// The same as folded stacks, `f;g;h MICROSECONDS`: those that h itself took below these. What is
/// less than half of one is left out.
std::string folded_profile(const Profile& profile);

class GraphSink : public TextSink {
 public:
  GraphSink(const SinkOptions& options, GraphStyle style)
      : TextSink(options), graph_(std::move(style)) {}
  void print(const Format& format, const std::vector<Value>& args) override;
  void map(const MapDump& map) override;
  void end() override { ending(); }
  bool is_complete() const override { return graph_.is_complete(); }

 private:
  Graph graph_;
};

/// A record a tree: {"type": "tree", "data": {"time", "pid", "goroutine", "call"}}, of which a call
/// is {"function", "ns", "self_ns", "error", "thrown", "calls", "left_out"} without what does not
/// apply; for a sum {"type": "profile", "data": {"function", "calls", "ns", "self_ns", "errors",
/// "thrown", "below"}} at the end.
class GraphJsonSink : public JsonSink {
 public:
  GraphJsonSink(const SinkOptions& options, GraphStyle style, const std::string& head)
      : JsonSink(options, head), graph_(std::move(style)) {}
  void print(const Format& format, const std::vector<Value>& args) override;
  void map(const MapDump& map) override;
  bool is_complete() const override { return graph_.is_complete(); }

 private:
  Graph graph_;
};

}  // namespace gotap::output
