// Binary: what bpftrace makes of a number in `uprobe:FILE:0xN`, and how to tell the file from
// others. Entry points: read_binary(), place().
//
// Facts (bpftrace src/attached_probe.cpp, resolve_offset_uprobe, 0.17 to 0.27; bcc's bcc_elf.c):
// the number is first taken as a virtual address: if any symbol of .symtab or .dynsym covers it,
// the probe goes to that symbol, found again by its *name*, plus the distance. Only if none does,
// and with --unsafe, it is taken as an offset in the file. So a number that was meant as an
// offset must not lie in any symbol, else the probe sits anywhere. 0.17 as Debian 12 builds it has
// no disassembler and refuses instructions inside a symbol, --unsafe or not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace gotap::emit {

/// A symbol of any kind, as bpftrace looks for one that covers an address.
struct SymbolRange {
  std::string name;
  uint64_t address = 0, size = 0;
};

struct Binary {
  std::string go_version;  ///< empty: not Go
  std::string build_id;
  uint64_t size = 0;   ///< bytes of the file
  uint32_t cksum = 0;  ///< as POSIX cksum(1) prints it
  std::vector<SymbolRange> symbols;
};

/// How an instruction is written in an attach point.
struct Place {
  uint64_t number = 0;
  bool needs_unsafe = false;  ///< an offset in the file: bpftrace cannot check it
};

/// Size, checksum and symbols of `file`; errors if it is no ELF file.
Result<Binary> read_binary(Bytes file);

/// The number for the instruction at `address`, which is at `file_offset`. `checks_inside`: this
/// bpftrace can probe inside a symbol. Nothing: no number means this instruction.
std::optional<Place> place(const Binary& binary, uint64_t address, uint64_t file_offset,
                           bool checks_inside);

/// What cksum(1) prints for `bytes`: IEEE Std 1003.1, "cksum".
uint32_t posix_cksum(Bytes bytes);

}  // namespace gotap::emit
