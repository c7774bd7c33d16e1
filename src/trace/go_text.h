// How values of Go programs read: what Go itself would print. Entry points: go_error_text(),
// go_errno_text(), go_type_text().
//
// Facts: GoErrorLayout in base/type.h; Error() of io/fs.PathError (io/fs/fs.go), errors.joinError
// (errors/join.go), syscall.Errno (syscall/syscall_unix.go, syscall/zerrors_linux_amd64.go).
#pragma once

#include <string>

#include "base/bytes.h"
#include "output/value.h"
#include "trace/names.h"

namespace gotap::trace {

/// The error at `offset` of `memory`: its text; `<nil>`; `<*pkg.T>` where only its type is known.
/// Unknown if it, or a part of it that its text needs, could not be read.
output::Value decode_go_error(Bytes memory, uint64_t offset, const Names& names);

/// The text of a syscall.Errno, of a program of go1.<minor>.
std::string go_errno_text(uint64_t number, int minor);

}  // namespace gotap::trace
