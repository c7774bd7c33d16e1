#include "go/dwarf_location.h"

namespace gotap::go {
namespace {

enum Op : uint8_t {
  kAddr = 0x03,
  kReg0 = 0x50,
  kReg31 = 0x6f,
  kRegx = 0x90,
  kFbreg = 0x91,
  kPiece = 0x93,
  kCallFrameCfa = 0x9c,
  kAddrx = 0xa1,
};

constexpr size_t kMaxPieces = 256;

/// Reads an expression; what does not fit reads as 0 and makes it bad.
class Expression {
 public:
  explicit Expression(Bytes bytes) : bytes_(bytes) {}
  bool at_end() const { return at_ >= bytes_.size(); }
  bool ok() const { return ok_; }
  uint8_t u8() {
    if (at_end()) ok_ = false;
    return ok_ ? bytes_[at_++] : 0;
  }
  uint64_t u64() {
    const auto value = bytes_.u64(at_);
    if (!value) ok_ = false;
    at_ += 8;
    return value.value_or(0);
  }
  uint64_t uleb() { return leb(false); }
  int64_t sleb() { return static_cast<int64_t>(leb(true)); }

 private:
  uint64_t leb(bool is_signed) {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte = 0x80;
    while (ok_ && byte & 0x80) {
      byte = u8();
      if (shift < 64) value |= uint64_t{byte & 0x7fu} << shift;
      shift += 7;
    }
    if (is_signed && byte & 0x40 && shift < 64) value |= ~uint64_t{0} << shift;
    return value;
  }
  Bytes bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

/// `once`: what is in the same place as the piece before it is left out.
std::vector<LocatedPiece> read_pieces(const elf::Dwarf& dwarf, const elf::DwarfUnit& unit,
                                      Bytes expression, uint64_t value_size, bool once,
                                      std::vector<uint32_t>* parts) {
  std::vector<LocatedPiece> pieces;
  Expression it(expression);
  uint64_t offset = 0;  // in the value
  std::optional<LocatedPiece> current, before;
  while (!it.at_end()) {
    const uint8_t op = it.u8();
    if (op == kPiece) {
      const uint64_t size = it.uleb();
      if (current) current->size = static_cast<uint32_t>(size);
      if (once && current && current == before) {
        current.reset();
        continue;
      }
      before = current;
      if (!it.ok() || size > value_size || offset > value_size - size) return {};
      if (current) {
        current->value_offset = offset;
        pieces.push_back(*current);
      }
      if (pieces.size() > kMaxPieces) return {};
      if (parts) parts->push_back(static_cast<uint32_t>(size));
      offset += size;
      current.reset();
      continue;
    }
    // Two operations without a piece between them compute something: not understood.
    if (current) return {};
    current.emplace();
    if (op >= kReg0 && op <= kReg31) {
      current->in = LocatedPiece::In::Register;
      current->reg = op - kReg0;
    } else if (op == kRegx) {
      current->in = LocatedPiece::In::Register;
      current->reg = static_cast<uint16_t>(it.uleb());
    } else if (op == kFbreg) {
      current->in = LocatedPiece::In::Frame;
      current->frame_offset = it.sleb();
    } else if (op == kCallFrameCfa) {
      current->in = LocatedPiece::In::Frame;
    } else if (op == kAddr) {
      current->in = LocatedPiece::In::Memory;
      current->address = it.u64();
    } else if (op == kAddrx) {
      const auto address = dwarf.indexed_address(unit, it.uleb());
      if (!address) return {};
      current->in = LocatedPiece::In::Memory;
      current->address = *address;
    } else {
      return {};
    }
    if (!it.ok()) return {};
  }
  if (current) {
    // An expression without pieces is of the whole value.
    if (!pieces.empty() || offset != 0) return {};
    current->size = value_size;
    pieces.push_back(*current);
  }
  if (once && offset != value_size) return {};
  return pieces;
}

}  // namespace

std::vector<LocatedPiece> read_location(const elf::Dwarf& dwarf, const elf::DwarfUnit& unit,
                                        Bytes expression, uint64_t value_size,
                                        std::vector<uint32_t>* parts) {
  auto pieces = read_pieces(dwarf, unit, expression, value_size, false, parts);
  // Go up to 1.20 has a word of some values twice; the pieces are then longer than the value. Who
  // wants the parts, too, must know each: there it stays not understood.
  if (pieces.empty() && !parts)
    pieces = read_pieces(dwarf, unit, expression, value_size, true, nullptr);
  return pieces;
}

}  // namespace gotap::go
