// The pure stages, from the script's text to the BPF object; shared by the commands that need
// them. Each prints what is wrong itself.
//
// Entry points: plan_script() up to the plan, compile() all the way.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "bpf/object.h"
#include "cli/options.h"
#include "codegen/codegen.h"
#include "lang/ast.h"
#include "lang/check.h"
#include "lang/diag.h"
#include "lang/program.h"
#include "lang/settings.h"
#include "lang/source.h"
#include "plan/plan.h"

namespace gotap::cli {

/// A script whose names, types and sites are all known.
struct Planned {
  lang::Source source;
  lang::TypedProgram program;
  std::vector<plan::Target> targets;
  plan::Plan plan;
  lang::Settings settings;
};

/// A script that made it through all the pure stages.
struct Compiled {
  plan::Plan plan;
  bpf::BpfObject object;
  lang::Settings settings;
};

/// Reads, parses, checks and plans the script. Nothing: what was wrong, or the stage that --dump
/// asks for, has been printed, and `exit_code` says which.
std::optional<Planned> plan_script(const Options& options, int& exit_code);

/// What the way of attaching asks of the code: found out once there is something to attach.
using ChooseCode = std::function<Result<codegen::Options>(const plan::Plan& plan)>;

/// plan_script() and the code. Nothing: as there, or --dry-run has printed the plan.
std::optional<Compiled> compile(const Options& options, const ChooseCode& choose, int& exit_code);

/// What the checker must know of the functions, or the line, that a probe names. Nothing: its
/// binary is none of the targets.
std::optional<lang::TargetFacts> facts_of(const lang::ProbeSpec& probe,
                                          const std::vector<plan::Target>& targets);

/// Every binary the script names, opened once, as the processes of -p run it, with the types that
/// the user adds; those that cannot
/// be are diagnostics. `notes` gets what is to be said about them.
std::vector<plan::Target> open_targets(const lang::ast::Script& script, const Options& options,
                                       std::vector<lang::Diagnostic>& diagnostics,
                                       std::vector<std::string>& notes);

}  // namespace gotap::cli
