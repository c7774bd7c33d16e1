#include "emit/binary.h"

#include <algorithm>
#include <array>

#include "elf/elf.h"

namespace gotap::emit {

namespace {

constexpr uint32_t kPolynomial = 0x04c11db7;
// Elf64_Sym (<elf.h>): name u32, info u8, other u8, section u16, value u64, size u64.
constexpr size_t kSymbolSize = 24;

std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < table.size(); byte++) {
    uint32_t crc = byte << 24;
    for (int bit = 0; bit < 8; bit++) crc = crc << 1 ^ (crc >> 31 ? kPolynomial : 0);
    table[byte] = crc;
  }
  return table;
}

void add_symbols(const elf::Elf& elf, std::string_view table, std::vector<SymbolRange>& out) {
  const elf::Section* section = elf.section(table);
  if (!section || section->link >= elf.sections().size()) return;
  Bytes strings = elf.sections()[section->link].data;
  const Bytes& data = section->data;
  for (size_t at = 0; data.contains(at, kSymbolSize); at += kSymbolSize) {
    uint64_t address = *data.u64(at + 8), size = *data.u64(at + 16);
    if (address == 0 || size == 0) continue;
    std::string_view name = strings.cstr(*data.u32(at)).value_or("");
    out.push_back({std::string(name), address, size});
  }
}

}  // namespace

uint32_t posix_cksum(Bytes bytes) {
  const std::array<uint32_t, 256> table = make_table();
  uint32_t crc = 0;
  auto add = [&](uint8_t byte) { crc = crc << 8 ^ table[crc >> 24 ^ byte]; };
  for (uint8_t byte : bytes) add(byte);
  for (uint64_t size = bytes.size(); size; size >>= 8) add(static_cast<uint8_t>(size));
  return ~crc;
}

Result<Binary> read_binary(Bytes file) {
  TRY(elf, elf::Elf::parse(file));
  Binary binary;
  binary.size = file.size();
  binary.cksum = posix_cksum(file);
  binary.build_id = elf.build_id();
  add_symbols(elf, ".symtab", binary.symbols);
  add_symbols(elf, ".dynsym", binary.symbols);
  return binary;
}

std::optional<Place> place(const Binary& binary, uint64_t address, uint64_t file_offset,
                           bool checks_inside) {
  auto covers = [](const SymbolRange& symbol, uint64_t number) {
    return number >= symbol.address && number - symbol.address < symbol.size;
  };
  bool named = false, usable = true, offset_taken = false;
  for (const SymbolRange& symbol : binary.symbols) {
    offset_taken |= covers(symbol, file_offset);
    if (!covers(symbol, address)) continue;
    named = true;
    bool same_name_elsewhere =
        std::any_of(binary.symbols.begin(), binary.symbols.end(), [&](const SymbolRange& other) {
          return other.name == symbol.name && other.address != symbol.address;
        });
    // Any of those that cover it may be the one bpftrace finds first.
    usable &= !symbol.name.empty() && !same_name_elsewhere &&
              (checks_inside || address == symbol.address);
  }
  if (named && usable) return Place{address, false};
  if (!offset_taken) return Place{file_offset, true};
  return std::nullopt;
}

}  // namespace gotap::emit
