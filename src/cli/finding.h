// What was found out about this machine or a program: a line each of `gotap doctor` and `--info`.
#pragma once

#include <string>
#include <vector>

namespace gotap::cli {

struct Finding {
  enum class State : uint8_t {
    Works,
    Limited,  ///< something is missing, or dear; tracing works
    Fails,    ///< nothing can be traced
  };
  std::string part;  ///< the heading it stands under: "System", "Kernel", "Costs", a process
  std::string what, answer;
  State state = State::Works;
  std::string effect;  ///< what that makes possible or takes away, and what it costs; may be empty
  std::string remedy;  ///< how to get what is missing; empty: nothing is, or it is not to be had
};

using Findings = std::vector<Finding>;

/// Whether none of them stands in the way of tracing.
bool tracing_works(const Findings& findings);

/// A block a part, lines of at most `width` columns, the verdict at the end.
std::string findings_text(const Findings& findings, size_t width);

/// {"type": "finding", "data": {"part": ..., "what": ..., "state": "works|limited|fails", "answer":
/// ...}} a line each, with "effect" and "remedy" where there are some; at the end
/// {"type": "verdict", "data": {"works": true}}.
std::string findings_json(const Findings& findings);

}  // namespace gotap::cli
