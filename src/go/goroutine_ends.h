// Where goroutines end.
//
// Facts (runtime/proc.go, panic.go, coro.go of Go 1.15 to 1.27): a goroutine ends in goexit1, which
// runs on its own stack, whether its function returned (through goexit) or called Goexit; that of
// an iter.Pull (from 1.23) in coroexit instead, which is inlined into what corostart defers. A
// panic that nobody recovers ends the program in fatalpanic, on the stack of the goroutine whose
// calls it ended. main's goroutine and those of C threads end otherwise no earlier than the program
// or thread does.
#pragma once

namespace gotap::go {

/// Functions of the runtime's at whose entry the goroutine that runs ends, with the calls that are
/// open on it. A program may lack some.
inline constexpr const char* kGoroutineEnds[] = {"runtime.goexit1", "runtime.corostart.deferwrap1"};
/// And the whole program with it.
inline constexpr const char* kFatalPanic = "runtime.fatalpanic";

}  // namespace gotap::go
