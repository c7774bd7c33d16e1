#include "cli/finding.h"

#include <algorithm>

#include "base/text.h"
#include "output/json_text.h"

namespace gotap::cli {

namespace {

using State = Finding::State;

const char* mark_of(State state) {
  switch (state) {
    case State::Works: return "ok";
    case State::Limited: return "--";
    case State::Fails: return "NO";
  }
  return "";
}

const char* name_of(State state) {
  switch (state) {
    case State::Works: return "works";
    case State::Limited: return "limited";
    case State::Fails: return "fails";
  }
  return "";
}

std::string verdict(const Findings& findings) {
  const auto count = [&](State state) {
    return static_cast<size_t>(std::count_if(findings.begin(), findings.end(),
                                             [&](const Finding& it) { return it.state == state; }));
  };
  if (count(State::Fails) == 0)
    return "Tracing works" + (count(State::Limited)
                                  ? ", with " + count_of(count(State::Limited), "limit") + " (--)."
                                  : std::string("."));
  std::vector<std::string> failing;
  for (const Finding& it : findings)
    if (it.state == State::Fails) failing.push_back(it.what);
  return "Tracing does not work: " + join_words(failing) + " (NO).";
}

}  // namespace

bool tracing_works(const Findings& findings) {
  return std::none_of(findings.begin(), findings.end(),
                      [](const Finding& it) { return it.state == State::Fails; });
}

std::string findings_text(const Findings& findings, size_t width) {
  constexpr size_t kColumn = 27;  // of the answers
  std::string out;
  const std::string* part = nullptr;
  for (const Finding& it : findings) {
    if (!part || *part != it.part) out += (part ? "\n" : "") + it.part + "\n";
    part = &it.part;
    std::string line = std::string("  ") + mark_of(it.state) + "  " + it.what;
    line.resize(std::max(line.size() + 1, kColumn), ' ');
    std::string text = it.answer;
    if (!it.effect.empty()) text += (text.empty() ? "" : ": ") + it.effect;
    out += line;
    if (line.size() > kColumn) out += "\n" + std::string(kColumn, ' ');
    out += wrapped(escape_controls(text), kColumn, width);
    if (!it.remedy.empty())
      out += std::string(kColumn - 3, ' ') + "=> " + wrapped(it.remedy, kColumn, width);
  }
  return out + "\n" + wrapped(verdict(findings), 0, width);
}

std::string findings_json(const Findings& findings) {
  std::string out;
  for (const Finding& it : findings) {
    output::JsonText data('{');
    data.text("part", it.part).text_if("what", it.what).text_if("state", name_of(it.state));
    data.text_if("answer", it.answer).text_if("effect", it.effect).text_if("remedy", it.remedy);
    out += output::json_record("finding", data) + "\n";
  }
  return out +
         output::json_record("verdict",
                             output::JsonText('{').truth("works", tracing_works(findings))) +
         "\n";
}

}  // namespace gotap::cli
