// Entry points: Graph, tree_text, profile_text, GraphSink, GraphJsonSink.
#include "output/graph.h"

#include <algorithm>

#include "base/text.h"
#include "output/folded.h"
#include "output/json_text.h"
#include "output/latency.h"
#include "output/map_text.h"

namespace gotap::output {

namespace {

constexpr size_t kTimeColumns = 9;

std::string words(const Value& value) {
  if (const auto* it = std::get_if<std::string>(&value.data)) return *it;
  if (const auto* it = std::get_if<Trusted>(&value.data)) return it->text;
  if (const auto* it = std::get_if<Unknown>(&value.data)) return "<" + it->reason + ">";
  return "";
}

// An error's text is untrusted; "<nil>" is none.
std::string error_of(const Value& value) {
  const std::string text = words(value);
  return text == "nil" || text == "<nil>" ? "" : text;
}

std::string column(const std::string& text) { return right_aligned(text, kTimeColumns); }

std::string line_of(const std::string& total, const std::string& self, size_t depth,
                    const std::string& what) {
  std::string line = column(total) + column(self) + "  ";
  return line + std::string(2 * depth, ' ') + what + "\n";
}

// How many of the calls from `first` on are of one function, returned no error and called nothing.
size_t alike(const std::vector<Call>& calls, size_t first) {
  size_t n = 0;
  while (first + n < calls.size()) {
    const Call& call = calls[first + n];
    if (call.end != Call::End::Returned || !call.error.empty() || !call.calls.empty() ||
        call.left_out || call.function != calls[first].function)
      break;
    n++;
  }
  return std::max<size_t>(n, 1);
}

void append_call(std::string& out, const Call& call, size_t depth) {
  std::string what = escape_controls(call.function);
  if (!call.error.empty()) what += " = " + escape_controls(call.error);
  if (call.end == Call::End::Thrown) what += "  (a panic or Goexit ended it)";
  out += line_of(call.end == Call::End::Returned ? duration_text(call.ns) : "?",
                 call.knows_self() ? duration_text(call.self_ns()) : "?", depth, what);
  for (size_t i = 0; i < call.calls.size();) {
    const size_t n = alike(call.calls, i);
    if (n == 1) {
      append_call(out, call.calls[i++], depth + 1);
      continue;
    }
    uint64_t ns = 0;
    for (size_t end = i + n; i < end; i++) ns += call.calls[i].ns;
    out += line_of(duration_text(ns), duration_text(ns), depth + 1,
                   std::to_string(n) + " x " + escape_controls(call.calls[i - 1].function));
  }
  if (call.left_out)
    out += line_of(duration_text(call.left_out_ns), "", depth + 1,
                   "and " + count_of(call.left_out, "call") + " more");
  if (call.doubtful)
    out += line_of("", "", depth + 1, "(what it called after a recovered panic is not known)");
}

void append_profile(std::string& out, const Profile& profile, size_t depth) {
  std::string what = escape_controls(profile.function) + "  " + count_of(profile.calls, "call");
  if (profile.errors) what += ", " + count_of(profile.errors, "error");
  if (profile.thrown) what += ", " + std::to_string(profile.thrown) + " ended by a panic or Goexit";
  const bool any = profile.calls > profile.thrown, all = any && profile.self_unknown == 0;
  out += line_of(any ? duration_text(profile.ns) : "?", all ? duration_text(profile.self_ns) : "?",
                 depth, what);
  std::vector<const Profile*> below;
  for (const Profile& it : profile.below) below.push_back(&it);
  std::stable_sort(below.begin(), below.end(),
                   [](const Profile* a, const Profile* b) { return a->ns > b->ns; });
  for (const Profile* it : below) append_profile(out, *it, depth + 1);
}

void append_folded(std::string& out, const Profile& profile, std::string stack) {
  append_frame(stack, escape_controls(profile.function));
  if (const uint64_t microseconds = (profile.self_ns + 500) / 1000)
    out += stack + " " + std::to_string(microseconds) + "\n";
  for (const Profile& it : profile.below) append_folded(out, it, stack);
}

JsonText json_of(const Call& call) {
  JsonText out('{');
  out.text("function", call.function);
  if (call.end == Call::End::Returned) out.number("ns", call.ns);
  if (call.knows_self()) out.number("self_ns", call.self_ns());
  out.text_if("error", call.error);
  if (call.end == Call::End::Thrown) out.truth("thrown", true);
  if (call.doubtful) out.truth("doubtful", true);
  if (call.left_out) out.number("left_out", call.left_out);
  JsonText calls('[');
  for (const Call& it : call.calls) calls.add("", json_of(it));
  if (!call.calls.empty()) out.add("calls", calls);
  return out;
}

JsonText json_of(const Profile& profile) {
  JsonText out('{');
  out.text("function", profile.function).number("calls", profile.calls);
  out.number("ns", profile.ns).number("self_ns", profile.self_ns);
  if (profile.self_unknown) out.number("self_unknown", profile.self_unknown);
  if (profile.errors) out.number("errors", profile.errors);
  if (profile.thrown) out.number("thrown", profile.thrown);
  JsonText below('[');
  for (const Profile& it : profile.below) below.add("", json_of(it));
  if (!profile.below.empty()) out.add("below", below);
  return out;
}

}  // namespace

void add_to_profile(Profile& profile, const Call& call) {
  profile.calls++;
  profile.errors += !call.error.empty();
  profile.thrown += call.end == Call::End::Thrown;
  profile.ns += call.ns;
  if (call.knows_self())
    profile.self_ns += call.self_ns();
  else
    profile.self_unknown += call.end == Call::End::Returned;
  for (const Call& it : call.calls) {
    auto found = std::find_if(profile.below.begin(), profile.below.end(),
                              [&](const Profile& p) { return p.function == it.function; });
    if (found == profile.below.end()) {
      profile.below.push_back({.function = it.function});
      found = profile.below.end() - 1;
    }
    add_to_profile(*found, it);
  }
}

Graph::Graph(GraphStyle style)
    : style_(std::move(style)), trees_([this](CallTree tree) { done(std::move(tree)); }) {}

void Graph::done(CallTree tree) {
  const Call& root = tree.root;
  const bool thrown = root.end == Call::End::Thrown;
  // Those that must be both slow and failed are rarely meant: any of what is asked for will do.
  const bool any = style_.slower_ns == 0 && !style_.errors && !style_.panics;
  const bool wanted = any || (style_.slower_ns && root.ns > style_.slower_ns) ||
                      (style_.errors && !root.error.empty()) || (style_.panics && thrown);
  if (!wanted || is_complete()) return;
  shown_++;
  if (!style_.sum) return finished_.push_back(std::move(tree));
  if (profile_.empty()) profile_.push_back({.function = root.function});
  add_to_profile(profile_[0], root);
}

void Graph::take(const Format& format, const std::vector<Value>& args) {
  const auto is = [&](const char* kind, size_t least) {
    return format.text.starts_with(kind) && args.size() >= least;
  };
  const auto at = [&](size_t index) { return number_in(args[index]); };
  if (is("root ", 6))
    trees_.root({at(2), at(1), at(3), at(4)}, words(args[5]), words(args[0]));
  else if (is("begin ", 5))
    trees_.begin({at(0), at(1), at(2), at(3)}, words(args[4]));
  else if (is("end ", 6))
    trees_.end({at(0), at(1), at(2), at(3)}, words(args[4]), at(5),
               args.size() > 6 ? error_of(args[6]) : "");
  else if (is("recovered ", 3))
    trees_.recovered({at(0), at(1), 0, at(2)});
  else if (is("ended ", 3))
    trees_.ended({at(0), at(1), 0, at(2)});
}

void Graph::take(const MapDump& map) {
  const auto total = [&] {
    uint64_t n = 0;
    for (const MapEntry& entry : map.entries) n += number_in(entry);
    return n;
  };
  if (map.name == "@calls") calls_ = total();
  if (map.name == "@followed") followed_ = total();
}

std::vector<CallTree> Graph::finished() {
  std::vector<CallTree> all;
  std::swap(all, finished_);
  return all;
}

std::string Graph::summary() const {
  std::string text = count_of(calls_, "call") + " of " + style_.root;
  if (followed_ < calls_)
    text += ", " + std::to_string(followed_) + " of them followed (" +
            (style_.filtered ? "--filter, and " : "") + "--rate a second at most)";
  text += style_.sum ? "; summed up: " : "; shown: ";
  text += std::to_string(shown_);
  if (trees_.open()) text += "; not at an end: " + std::to_string(trees_.open());
  if (trees_.torn())
    text += "; left out, as events of them were lost: " + std::to_string(trees_.torn());
  return text;
}

std::string tree_text(const CallTree& tree) {
  std::string out = tree.time + " goroutine " + std::to_string(tree.goid) + "\n";
  append_call(out, tree.root, 0);
  return out + "\n";
}

std::string profile_text(const Profile& profile) {
  std::string out = column("time") + column("self") + "\n";
  append_profile(out, profile, 0);
  return out;
}

std::string folded_profile(const Profile& profile) {
  std::string out;
  append_folded(out, profile, "");
  return out;
}

void GraphSink::print(const Format& format, const std::vector<Value>& args) {
  graph_.take(format, args);
  for (const CallTree& tree : graph_.finished()) {
    data() += tree_text(tree);
    written();
  }
}

void GraphSink::map(const MapDump& map) {
  graph_.take(map);
  if (map.name != "@followed") return;
  for (const Profile& profile : graph_.profile())
    data() += graph_.style().folded ? folded_profile(profile) : profile_text(profile);
  written();
  message(graph_.summary());
}

void GraphJsonSink::print(const Format& format, const std::vector<Value>& args) {
  graph_.take(format, args);
  for (const CallTree& tree : graph_.finished()) {
    JsonText data('{');
    data.text("time", tree.time).number("pid", tree.pid).number("goroutine", tree.goid);
    record("tree", data.add("call", json_of(tree.root)).done());
  }
}

void GraphJsonSink::map(const MapDump& map) {
  graph_.take(map);
  if (map.name != "@followed") return;
  for (const Profile& profile : graph_.profile()) record("profile", json_of(profile).done());
  message(graph_.summary());
}

}  // namespace gotap::output
