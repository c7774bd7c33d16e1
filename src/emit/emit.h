// Emit: a planned script as a plain bpftrace script, for a machine that has only bpftrace, and as
// a second engine to compare gotap with. One direction: typed program and plan to text.
//
// Entry points: read_binary() for what must be known of each file, emit() for the text.
//
// Facts: bpftrace 0.17 (Debian 12) and 0.27.1, run; where the two differ, Dialect says so. What an
// attach point's number means: emit/binary.h.
#pragma once

#include <string>
#include <vector>

#include "emit/binary.h"
#include "lang/diag.h"
#include "lang/program.h"
#include "lang/settings.h"
#include "plan/plan.h"

namespace gotap::emit {

/// Whose language the script is in.
enum class Dialect : uint8_t {
  V017,  ///< 0.17 to 0.20, as in Debian 12
  V027,  ///< from 0.23 on: str(p, n) counts the NUL, limits stand in the script
};

/// As on the command line: "0.17", "0.27".
const char* name(Dialect dialect);

struct Emitted {
  std::string text;            ///< meaningless if there are problems
  lang::Diagnostics problems;  ///< what bpftrace cannot express, each at its place in the script
};

/// `binaries` are parallel to plan.targets. Limits that the program has are taken from it, all
/// others from `settings`.
Emitted emit(const lang::TypedProgram& program, const plan::Plan& plan,
             const std::vector<Binary>& binaries, Dialect dialect,
             const lang::Settings& settings = {});

}  // namespace gotap::emit
