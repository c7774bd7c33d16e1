// Entry point: StackNames::decode.
#include "trace/stacks.h"

#include <algorithm>

#include "base/text.h"

namespace gotap::trace {

namespace {

constexpr uint64_t kLoaderUnit = 4096;  // what loaders move programs by is a multiple of it
constexpr int32_t kWord = 8;
constexpr const char* kFurtherUnknown = "<further frames are not known>";

std::string file_and_line(const go::SourceLine& line) {
  if (line.line == 0) return "";
  return escape_controls(line.file.substr(line.file.rfind('/') + 1)) + ":" +
         std::to_string(line.line);
}

bool is_go_code(const go::Image& image, uint64_t address) {
  const auto index = image.function_at(address);
  return index && image.functions()[*index].is_go;
}

// Whether what called the code at `address` of a Go program cannot be told by frame pointers: C
// keeps none, and Go none in functions without a frame (cmd/internal/obj/x86/obj6.go, bpsize:
// assembly such as runtime.systemstack of older versions). What crosscall2 has saved is C's
// (runtime/cgo/asm_amd64.s). `from_go`: Go code was hit; other files' code it calls is Go's.
bool hides_callers(const go::Image& image, uint64_t address, bool from_go) {
  const auto index = image.function_at(address);
  if (!index) return !from_go;
  const go::Function& function = image.functions()[*index];
  return !function.is_go || function.name == "crosscall2" ||
         image.stack_depth(address).value_or(0) < kWord;
}

}  // namespace

std::string StackNames::Frame::place() const { return line.empty() ? "" : " (" + line + ")"; }
std::string StackNames::Frame::text() const { return function + offset + place(); }

/// What runs at one address.
struct StackNames::Entry {
  uint64_t address = 0;
  std::vector<Frame> frames;  ///< innermost first
};

/// One stack, as far as it need not be looked up.
struct StackNames::Stack {
  StackState state = StackState::Damaged;
  bool at_call = false;
  uint32_t site = 0, function = 0;
  uint64_t created = 0;
  std::vector<uint64_t> addresses;
  const go::Image* image = nullptr;
  std::optional<uint64_t> bias;  ///< what the loader added; nothing: not known
};

std::optional<StackNames::Stack> StackNames::read(const Type& type, Bytes memory,
                                                  uint64_t offset) const {
  auto count = memory.u32(offset + StackLayout::kCount);
  auto state = memory.u32(offset + StackLayout::kState);
  auto site = memory.u32(offset + StackLayout::kSite);
  auto function = memory.u32(offset + StackLayout::kFunction);
  auto created = memory.u64(offset + StackLayout::kCreated);
  if (!count || !state || !site || !function || !created || *count > type.capacity)
    return std::nullopt;
  Stack stack;
  stack.state = static_cast<StackState>(*state & (StackLayout::kAtCall - 1));
  stack.at_call = (*state & StackLayout::kAtCall) != 0;
  stack.site = *site;
  stack.function = *function;
  stack.created = *created;
  for (uint32_t i = 0; i < *count; i++) {
    auto address = memory.u64(offset + StackLayout::kAddresses + uint64_t{i} * 8);
    if (!address) return std::nullopt;
    stack.addresses.push_back(*address);
  }
  if (stack.addresses.empty()) return stack;
  if (stack.site >= plan_.functions.size() || stack.function >= plan_.functions.size())
    return std::nullopt;
  stack.image = plan::image_of(plan_, plan_.functions[stack.site].target);
  if (!stack.image) return std::nullopt;
  stack.bias = load_bias(stack);
  return stack;
}

// The hit was at one of the function's sites: which one, the place within a page tells.
std::optional<uint64_t> StackNames::load_bias(const Stack& stack) const {
  if (!stack.image->is_pie()) return 0;
  auto [sites, fresh] = sites_.try_emplace(stack.site);
  if (fresh) {
    for (const plan::Program& program : plan_.programs)
      for (const plan::Site& site : program.sites)
        if (plan::Cookie::unpack(site.cookie).self == stack.site)
          sites->second.push_back(site.address);
  }
  std::optional<uint64_t> bias;
  for (uint64_t site : sites->second) {
    const uint64_t moved = stack.addresses[0] - site;
    if (moved % kLoaderUnit != 0 || moved == bias) continue;
    if (bias) return std::nullopt;
    bias = moved;
  }
  return bias;
}

std::vector<StackNames::Frame> StackNames::at(const go::Image& image, uint64_t address,
                                              bool is_return) const {
  std::vector<Frame> frames;
  for (const go::SourceFrame& frame : image.source_frames(address - (is_return ? 1 : 0)))
    frames.push_back({escape_controls(std::string(frame.name)), file_and_line(frame.line),
                      frame.inlined ? " [inlined]" : ""});
  if (frames.empty()) return frames;
  const go::Function& function =
      image.functions()[*image.function_at(address - (is_return ? 1 : 0))];
  frames.back().offset = "+" + std::to_string(address - function.entry);
  return frames;
}

// Where a call begins or returns, the function itself is there, and nothing that was inlined into
// it: the tables may give its RET to what was inlined before it. Of a wrapper that left by a jump
// only the name is right. Of an inlined call, what is inlined into that.
std::vector<StackNames::Frame> StackNames::first(const Stack& stack) const {
  const uint64_t address = stack.addresses[0] - *stack.bias;
  std::vector<Frame> frames = at(*stack.image, address, false);
  if (!stack.at_call || frames.empty()) return frames;
  const std::string name = escape_controls(plan::func_name(plan_, stack.function));
  auto found = std::find_if(frames.begin(), frames.end(),
                            [&](const Frame& frame) { return frame.function == name; });
  // The function itself may also be inlined into itself: it is the outermost that was hit.
  if (frames.back().function == name) found = frames.end() - 1;
  if (found == frames.end()) return {{name, "", ""}};
  return {found, frames.end()};
}

std::vector<StackNames::Frame> StackNames::frames(const Stack& stack, uint64_t address,
                                                  bool is_return) const {
  if (!stack.bias) return {{hex(address), "", ""}};
  std::vector<Frame> found = at(*stack.image, address - *stack.bias, is_return);
  if (found.empty()) return {{hex(address), "", ""}};
  return found;
}

// A new goroutine finds the address of runtime.goexit + 1 as its function's return address
// (newproc1, runtime/proc.go).
bool StackNames::is_goroutine_end(const Stack& stack, uint64_t address) const {
  if (!stack.bias) return false;
  auto index = stack.image->function_at(address - *stack.bias);
  return index && stack.image->functions()[*index].name.starts_with("runtime.goexit");
}

std::vector<StackNames::Entry> StackNames::entries(const Stack& stack, bool& is_damaged) const {
  std::vector<Entry> out;
  const bool is_go = stack.image && stack.image->is_go();
  is_damaged = stack.state == StackState::Damaged;
  const bool from_go = is_go && stack.bias && !stack.addresses.empty() &&
                       is_go_code(*stack.image, stack.addresses[0] - *stack.bias);
  bool faulted = false;
  for (size_t i = 0; i < stack.addresses.size(); i++) {
    const uint64_t address = stack.addresses[i];
    if (i == 0 || !stack.bias || !is_go) {
      out.push_back({address, i == 0 && stack.bias ? first(stack) : frames(stack, address, true)});
      continue;
    }
    const uint64_t place = address - *stack.bias;
    if (is_goroutine_end(stack, address)) break;
    // What no call instruction stands before is no return address, whatever the memory says; but
    // for where a fault is made to look like a call of runtime.sigpanic (preparePanic,
    // runtime/signal_amd64.go).
    const bool inside = stack.image->function_at(place).has_value();
    if (inside && !faulted && !stack.image->is_return_address(place)) {
      is_damaged = true;
      break;
    }
    out.push_back({address, frames(stack, address, !faulted)});
    // The first function of a thread of the runtime's own.
    if (out.back().frames.back().function == "runtime.mstart") {
      is_damaged = false;
      break;
    }
    if (hides_callers(*stack.image, faulted ? place : place - 1, from_go)) {
      is_damaged |= i + 1 < stack.addresses.size() || stack.state != StackState::Cut;
      break;
    }
    faulted = out.back().frames.back().function == "runtime.sigpanic";
  }
  return out;
}

// The line that says who made the goroutine; empty where that is not known.
std::string StackNames::created_by(const Stack& stack) const {
  if (!stack.created || !stack.bias || stack.state != StackState::Whole) return "";
  const std::vector<Frame> creator = at(*stack.image, stack.created - *stack.bias, true);
  // The program's start makes the first one, from 1.17 on through the wrapper of an assembly
  // function's call (runtime.printcreatedby leaves that out, too).
  if (creator.empty() || creator[0].function == "runtime.rt0_go" ||
      creator[0].function == "runtime.newproc")
    return "";
  return "    created by " + creator[0].text() + "\n";
}

output::Value StackNames::decode(const Type& type, Bytes memory, uint64_t offset) const {
  auto stack = read(type, memory, offset);
  if (!stack) return {output::Unknown{"record too short"}};
  const auto mode = static_cast<StackMode>(type.detail);
  output::Stack out;
  if (mode == StackMode::Caller) {
    if (stack->addresses.size() < 2) return {output::Unknown{"not readable"}};
    const Frame caller = frames(*stack, stack->addresses[1], true).front();
    return {output::Stack{{caller.function}, caller.function + caller.place()}};
  }
  out.text = "\n";
  if (mode == StackMode::Raw) {
    for (uint64_t address : stack->addresses) {
      out.functions.push_back(hex(address));
      out.text += hex(address).substr(2) + "\n";
    }
    return {std::move(out)};
  }
  bool is_damaged = false;
  for (const Entry& entry : entries(*stack, is_damaged)) {
    const std::string address =
        mode == StackMode::Perf ? "\t" + hex(entry.address).substr(2) + " " : "    ";
    for (const Frame& frame : entry.frames) {
      out.functions.push_back(frame.function);
      out.text += address + frame.text() + "\n";
    }
  }
  if (is_damaged && stack->image && stack->image->is_go()) {
    out.functions.emplace_back(kFurtherUnknown);
    out.text += std::string("    ") + kFurtherUnknown + "\n";
  }
  if (!is_damaged) out.text += created_by(*stack);
  return {std::move(out)};
}

}  // namespace gotap::trace
