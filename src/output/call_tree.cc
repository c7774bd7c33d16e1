#include "output/call_tree.h"

#include <algorithm>

namespace gotap::output {

bool Call::knows_self() const {
  return end == End::Returned && !doubtful &&
         std::all_of(calls.begin(), calls.end(),
                     [](const Call& call) { return call.end == End::Returned; });
}

uint64_t Call::self_ns() const {
  uint64_t below = left_out_ns;
  for (const Call& call : calls) below += call.ns;
  return ns - std::min(ns, below);
}

// The innermost call has ended: it goes to the one around it, or the tree is done.
void CallTrees::close(Open::iterator at) {
  Goroutine& goroutine = at->second;
  Frame frame = std::move(goroutine.frames.back());
  goroutine.frames.pop_back();
  if (frame.call.end != Call::End::Returned && frame.recovered_since) {
    // Which of the panics threw it away is not known, nor whose calls the later ones are.
    Call& call = frame.call;
    if (call.calls.size() > frame.certain || call.left_out > frame.certain_left_out)
      call.doubtful = true;
    call.calls.resize(std::min(call.calls.size(), frame.certain));
    call.left_out = frame.certain_left_out;
    call.left_out_ns = frame.certain_left_out_ns;
  }
  if (goroutine.frames.empty()) {
    CallTree tree{std::move(goroutine.time), at->first.first, at->first.second,
                  std::move(frame.call)};
    open_.erase(at);
    return done_(std::move(tree));
  }
  Frame& around = goroutine.frames.back();
  if (goroutine.calls++ < kMostCalls) {
    around.call.calls.push_back(std::move(frame.call));
  } else {
    around.call.left_out++;
    around.call.left_out_ns += frame.call.ns;
  }
  // One that a panic threw away, or that recovered it.
  if (around.recovered_since && frame.begun < around.recovered_since) note_certain(around);
}

void CallTrees::note_certain(Frame& frame) {
  frame.certain = frame.call.calls.size();
  frame.certain_left_out = frame.call.left_out;
  frame.certain_left_out_ns = frame.call.left_out_ns;
}

// Calls as deep as `depth` or deeper are not alive. `at` is the end of the map if none is left.
void CallTrees::throw_away(Open::iterator at, uint64_t depth) {
  const Key key = at->first;
  while (at != open_.end() && at->second.frames.back().depth >= depth) {
    at->second.frames.back().call.end = Call::End::Thrown;
    close(at);
    at = open_.find(key);
  }
}

// The tree that the event belongs to, unless one before it was lost.
CallTrees::Open::iterator CallTrees::find(const Place& place) {
  const auto at = open_.find({place.pid, place.goid});
  if (at == open_.end()) return at;
  if (place.number == at->second.number + 1) {
    at->second.number = place.number;
    return at;
  }
  torn_++;
  open_.erase(at);
  return open_.end();
}

void CallTrees::push(const Place& place, const std::string& function, const std::string& time) {
  Goroutine& goroutine = open_[{place.pid, place.goid}];
  if (goroutine.frames.empty()) goroutine.time = time;
  goroutine.number = place.number;
  Frame frame;
  frame.depth = place.depth;
  frame.begun = ++goroutine.events;
  frame.call.function = function;
  goroutine.frames.push_back(std::move(frame));
}

void CallTrees::root(const Place& place, const std::string& function, const std::string& time) {
  if (const auto at = find(place); at != open_.end()) throw_away(at, place.depth);
  push(place, function, time);
}

void CallTrees::begin(const Place& place, const std::string& function) {
  const auto at = find(place);
  if (at == open_.end()) return;
  throw_away(at, place.depth);
  if (open_.count({place.pid, place.goid})) push(place, function, "");
}

void CallTrees::end(const Place& place, const std::string& function, uint64_t ns,
                    const std::string& error) {
  auto at = find(place);
  if (at == open_.end()) return;
  throw_away(at, place.depth + 1);
  at = open_.find({place.pid, place.goid});
  if (at == open_.end()) return;
  Frame& frame = at->second.frames.back();
  if (frame.depth != place.depth || frame.call.function != function) return;
  // What is around a call that was open then, too, has outlived the panic.
  for (Frame& around : at->second.frames)
    if (frame.begun < around.recovered_since) around.recovered_since = 0;
  frame.call.end = Call::End::Returned;
  frame.call.ns = ns;
  frame.call.error = error;
  close(at);
}

void CallTrees::recovered(const Place& place) {
  const auto at = find(place);
  if (at == open_.end()) return;
  at->second.events++;
  for (Frame& frame : at->second.frames) {
    if (frame.recovered_since) continue;
    frame.recovered_since = at->second.events;
    note_certain(frame);
  }
}

void CallTrees::ended(const Place& place) {
  if (const auto at = find(place); at != open_.end()) throw_away(at, 0);
}

}  // namespace gotap::output
