// Entry points: ThrownCalls, add_ending, add_ending_fields, thrown_warning.
#include "output/thrown_calls.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "base/text.h"
#include "output/map_text.h"

namespace gotap::output {

namespace {

std::string function_in(const Value& value) {
  const auto* name = std::get_if<std::string>(&value.data);
  return name ? *name : "";
}

// What stands behind the first tab of a format, with its arguments.
void take_shown(const Format& format, const std::vector<Value>& args, ThrownCall& call) {
  size_t piece = 0, taken = 0, tab = std::string::npos;
  for (; piece < format.pieces.size(); piece++) {
    const FormatPiece& it = format.pieces[piece];
    if (it.conversion == 0 && (tab = it.literal.find('\t')) != std::string::npos) break;
    if (it.conversion != 0) taken += it.star_width ? 2 : 1;
  }
  if (tab == std::string::npos || taken > args.size()) return;
  call.format.pieces.assign(format.pieces.begin() + static_cast<ptrdiff_t>(piece),
                            format.pieces.end());
  std::string& first = call.format.pieces[0].literal;
  first.erase(0, tab + 1);
  if (first.empty()) call.format.pieces.erase(call.format.pieces.begin());
  call.args.assign(args.begin() + static_cast<ptrdiff_t>(taken), args.end());
}

FormatPiece literal(std::string text) {
  FormatPiece piece;
  piece.literal = std::move(text);
  return piece;
}

std::string milliseconds(uint64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%llu.%03llums", static_cast<unsigned long long>(ns / 1000000),
                static_cast<unsigned long long>(ns / 1000 % 1000));
  return text;
}

}  // namespace

// What began its end: the first panic since it began, as later ones are of what ran because of it.
const ThrownCalls::Panic* ThrownCalls::panic_of(const Goroutine& goroutine, const Frame& frame) {
  for (const Panic& panic : goroutine.panics)
    if (panic.number > frame.number) return &panic;
  return nullptr;
}

// The innermost call is not open any more. `ended`: neither is its goroutine, so that it did not
// return.
void ThrownCalls::drop_last(Goroutine& goroutine, bool ended, Calls& out) {
  Frame frame = std::move(goroutine.frames.back());
  goroutine.frames.pop_back();
  const Panic* panic = panic_of(goroutine, frame);
  if (!panic && !ended) {
    unknown_++;
    return;
  }
  if (panic) {
    frame.call.by = panic->by;
    frame.call.after_ns = panic->ns - std::min(panic->ns, frame.begun_ns);
  }
  out.push_back(std::move(frame.call));
}

// No call that is as deep as `depth` or deeper is open.
void ThrownCalls::drop(Goroutine& goroutine, uint64_t depth, bool ended, Calls& out) {
  while (!goroutine.frames.empty() && goroutine.frames.back().depth >= depth)
    drop_last(goroutine, ended, out);
}

void ThrownCalls::begin(Goroutine& goroutine, Frame frame, Calls& out) {
  drop(goroutine, frame.depth + 1, false, out);
  // One that left by a jump to this one is still open; with a panic since, it is not.
  while (!goroutine.frames.empty() && goroutine.frames.back().depth == frame.depth &&
         (!goroutine.frames.back().jumps || panic_of(goroutine, goroutine.frames.back())))
    drop_last(goroutine, false, out);
  goroutine.frames.push_back(std::move(frame));
}

// Where functions leave by jumps, several calls end at one place, in any order.
void ThrownCalls::end(Goroutine& goroutine, uint64_t depth, const std::string& function,
                      Calls& out) {
  drop(goroutine, depth + 1, false, out);
  std::vector<Frame>& frames = goroutine.frames;
  for (size_t i = frames.size(); i > 0 && frames[i - 1].depth == depth; i--) {
    if (frames[i - 1].function != function) continue;
    frames.erase(frames.begin() + static_cast<ptrdiff_t>(i - 1));
    return;
  }
}

std::vector<ThrownCall> ThrownCalls::take(const Format& format, const std::vector<Value>& args) {
  const std::string_view text = format.text;
  const std::string_view what = text.substr(0, text.find(' '));
  Calls out;
  if (args.size() < 3) return out;
  const auto number = [&](size_t i) { return i < args.size() ? number_in(args[i]) : 0; };
  const uint64_t n = number(0), depth = number(3);
  const auto at = goroutines_.try_emplace({number(1), number(2)}).first;
  Goroutine& goroutine = at->second;
  const bool begins = what == "begin" || what == "jumper";
  if (!goroutine.frames.empty() && n != goroutine.number + 1) {
    unknown_ += goroutine.frames.size();
    goroutine.frames.clear();
    goroutine.panics.clear();
  }
  goroutine.number = n;
  if (begins && n == 0) {
    unknown_++;  // there is no room to count its records: its return would not be seen
  } else if (begins && args.size() >= 6) {
    Frame frame{depth, n, number(5), what == "jumper", function_in(args[4]), {}};
    take_shown(format, args, frame.call);
    begin(goroutine, std::move(frame), out);
  } else if (what == "end" && args.size() >= 5) {
    end(goroutine, depth, function_in(args[4]), out);
  } else if (what == "panic" || what == "goexit") {
    drop(goroutine, depth, false, out);
    goroutine.panics.push_back(
        {depth, n, number(4), what == "panic" ? ThrownCall::By::Panic : ThrownCall::By::Goexit});
  } else if (what == "behind") {
    drop(goroutine, depth, false, out);
    std::erase_if(goroutine.panics, [&](const Panic& panic) { return panic.depth >= depth; });
  } else if (what == "over") {
    drop(goroutine, 0, true, out);
  }
  if (goroutine.frames.empty()) goroutines_.erase(at);
  return out;
}

void add_ending(ThrownCall& call) {
  std::string ending = "  did not return: a panic or Goexit ended it";
  if (call.after_ns)
    ending = std::string(call.by == ThrownCall::By::Panic ? "  panicked" : "  Goexit") + " after " +
             milliseconds(*call.after_ns);
  std::vector<FormatPiece>& pieces = call.format.pieces;
  if (pieces.empty()) return;
  if (FormatPiece& last = pieces.back(); last.conversion == 0 && last.literal.ends_with('\n'))
    last.literal.insert(last.literal.size() - 1, ending);
  else
    pieces.insert(pieces.end() - 1, literal(ending));
}

void add_ending_fields(ThrownCall& call) {
  if (!call.after_ns) return;
  std::vector<FormatPiece>& pieces = call.format.pieces;
  pieces.push_back(literal(std::string("\tended_by=") +
                           (call.by == ThrownCall::By::Panic ? "panic" : "Goexit") +
                           "\tafter_ns="));
  FormatPiece number;
  number.conversion = 'd';
  number.wide = true;
  pieces.push_back(number);
  call.args.push_back({*call.after_ns});
}

std::string thrown_warning(const ThrownCalls& calls, uint64_t shown, const Losses& losses) {
  std::string text;
  if (calls.unknown())
    text = count_of(calls.unknown(), "call") +
           " left out: how they ended is not known, as it was not seen";
  // A return among them would have had no number that could be missed.
  const uint64_t hits = losses.scratch_busy + losses.unknown_site + losses.no_goroutine;
  if (hits && shown)
    text += (text.empty() ? "" : "; ") + count_of(std::min(hits, shown), "call") +
            " of those shown may have returned before the panic, as hits were lost";
  return text;
}

}  // namespace gotap::output
