// Reading a BPF ring buffer: a consumer that is called by a timer and never waits.
#pragma once

#include <memory>

#include "base/result.h"
#include "bpf/kernel.h"

namespace gotap::bpf {

/// Maps the ring buffer `map_fd` of `size` bytes (its max_entries).
Result<std::unique_ptr<Ring>> open_ringbuf(int map_fd, uint32_t size);

}  // namespace gotap::bpf
