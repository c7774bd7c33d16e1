// Names of Linux's system calls on x86-64. Entry point: syscall_name().
// Facts: arch/x86/entry/syscalls/syscall_64.tbl, up to Linux 6.10.
#pragma once

#include <cstdint>
#include <string>

namespace gotap::trace {

/// "read" of 0; the number as text where it has no name here.
std::string syscall_name(uint64_t number);

}  // namespace gotap::trace
