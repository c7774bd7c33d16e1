// CopiedMemory: what a program has copied of a process's memory at a hit (base/copies.h), as
// memory: by address. Entry points: CopiedMemory::at(), root().
//
// The log is untrusted: a chunk that does not lie inside of it is not there.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace gotap::trace {

class CopiedMemory {
 public:
  enum class State : uint8_t {
    Known,
    NotResident,  ///< it was tried, and could not be read without waiting for it
    NotCopied,    ///< there was no room for it, or it was too deep
  };
  struct Stretch {
    State state = State::NotCopied;
    Bytes bytes;  ///< from the address on; maybe fewer than were asked for
  };

  /// The log, of which `log` is the place in the record.
  CopiedMemory(Bytes record, uint64_t log);

  /// `bytes` of the process's memory at `address`, or as many as are there from it on.
  Stretch at(uint64_t address, uint64_t bytes) const;
  /// The data of the chunk that stands at `position` of the record.
  std::optional<Bytes> chunk(uint64_t position) const;
  /// What the loader added to the file's addresses.
  uint64_t bias() const { return bias_; }

 private:
  struct Chunk {
    uint64_t address = 0;
    bool readable = true;
    Bytes bytes;
  };
  Bytes record_;
  uint64_t bias_ = 0;
  std::vector<Chunk> chunks_;
};

}  // namespace gotap::trace
