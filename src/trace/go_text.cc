#include "trace/go_text.h"

#include <cctype>
#include <cerrno>
#include <cstring>
#include <optional>

#include "go/access.h"

namespace gotap::trace {

namespace {

using Layout = GoErrorLayout;
using State = GoErrorLayout::State;

constexpr int kStaleMinor = 25;  // go1.25 gave ESTALE another text

/// Reads the nodes of one error in the order in which its text is made.
class ErrorReader {
 public:
  ErrorReader(Bytes memory, uint64_t offset, const Names& names)
      : memory_(memory), offset_(offset), names_(names) {}

  /// The text of the next node, and of those that belong to it. Nothing: a part could not be read.
  std::optional<std::string> text();
  const std::string& failure() const { return failure_; }

 private:
  std::optional<uint64_t> word(uint32_t at) const { return memory_.u64(at_ + at); }
  std::optional<std::string> string(uint32_t at, uint32_t capacity) const;
  std::optional<std::string> path(uint64_t parts);
  std::optional<std::string> join(uint64_t count);

  Bytes memory_;
  uint64_t offset_, at_ = 0;
  const Names& names_;
  uint32_t next_ = 0;  ///< node
  std::string failure_ = "not readable";
};

std::optional<std::string> ErrorReader::string(uint32_t at, uint32_t capacity) const {
  auto length = memory_.u32(at_ + at + StringLayout::kLength);
  auto state = memory_.u32(at_ + at + StringLayout::kState);
  if (!length || !state || *length > capacity) return std::nullopt;
  auto data = memory_.sub(at_ + at + StringLayout::kData, *length);
  if (!data) return std::nullopt;
  std::string text(data->begin(), data->end());
  if (*state == static_cast<uint32_t>(StringState::Cut)) text += names_.cut_mark();
  return text;
}

std::optional<std::string> ErrorReader::text() {
  if (next_ == Layout::kNodes) return "..";  // beyond what is kept
  at_ = offset_ + uint64_t{next_++} * Layout::kNodeSize;
  auto type = word(Layout::kType), number = word(Layout::kNumber), state = word(Layout::kState);
  if (!type || !number || !state) {
    failure_ = "record too short";
    return std::nullopt;
  }
  switch (static_cast<State>(*state)) {
    case State::Text: return string(Layout::kText, Layout::kTextBytes);
    case State::Number: return go_errno_text(*number, names_.go_minor(*type));
    case State::Path: return path(*number);
    case State::Join: return join(*number);
    case State::Unreadable: return std::nullopt;
    case State::None: break;
  }
  const std::string name = names_.go_type(*type);
  const std::string_view constant = go::constant_error_text(name);
  if (!constant.empty()) return std::string(constant);
  return *type == 0 ? name : "<" + name + ">";
}

// "open /x: no such file or directory". Bit 0 of `parts`: it has an operation, bit 1: a text.
std::optional<std::string> ErrorReader::path(uint64_t parts) {
  auto op = string(Layout::kOp, Layout::kOpBytes),
       subject = string(Layout::kText, Layout::kTextBytes);
  if (!op || !subject) return std::nullopt;
  auto next = text();
  if (!next) return std::nullopt;
  if ((parts & 3) == 0) return next;
  return ((parts & 1) ? *op + " " : "") + *subject + ": " + *next;
}

std::optional<std::string> ErrorReader::join(uint64_t count) {
  std::string all;
  for (uint64_t i = 0; i < count; i++) {
    if (i > 0) all += '\n';
    const bool beyond = next_ == Layout::kNodes;
    auto one = text();
    if (!one) return std::nullopt;
    all += *one;
    if (beyond) break;
  }
  return all;
}

}  // namespace

output::Value decode_go_error(Bytes memory, uint64_t offset, const Names& names) {
  ErrorReader reader(memory, offset, names);
  auto text = reader.text();
  if (!text) return {output::Unknown{reader.failure()}};
  return {std::move(*text)};
}

// Go's texts are those of the C library with a small first letter, but for a name, and for
// numbers that Linux has not (or had not when Go's table was made).
std::string go_errno_text(uint64_t number, int minor) {
  constexpr uint64_t kLast = 132, kUnused[] = {0, 41, 58};
  bool known = number <= kLast;
  for (uint64_t unused : kUnused) known &= number != unused;
  if (!known) return "errno " + std::to_string(number);
  if (number == ESTALE && minor < kStaleMinor) return "stale NFS file handle";
  std::string text = std::strerror(static_cast<int>(number));
  if (!text.starts_with("RFS")) text[0] = static_cast<char>(std::tolower(text[0]));
  return text;
}

}  // namespace gotap::trace
