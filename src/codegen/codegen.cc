#include "codegen/codegen.h"

#include <set>
#include <string>

#include "codegen/generator.h"
#include "codegen/object_builder.h"

namespace gotap::codegen {

namespace {

using bpf::ProgramKind;

/// A program to be made: of a plan program or of a timer.
struct Job {
  ProgramKind kind;
  uint32_t index;
};

Result<std::vector<bpf::Insn>> run(Generator& generator, ObjectBuilder& builder, const Job& job,
                                   bool scratch) {
  if (job.kind == ProgramKind::Uprobe)
    return generator.uprobe(builder.plan.programs[job.index], scratch);
  return generator.timer(builder.plan.timers[job.index], scratch);
}

// Bytes of scratch memory the program needs. Claiming a slot takes stack itself, which can push
// more into the slot: hence the second trial.
Result<uint32_t> scratch_needed(ObjectBuilder& builder, const Job& job) {
  Generator without(builder);
  TRY(plain, run(without, builder, job, false));
  if (without.scratch_needed() == 0) return 0;
  Generator with(builder);
  TRY(claiming, run(with, builder, job, true));
  return std::max(without.scratch_needed(), with.scratch_needed());
}

// The kernel refuses a program that refers to more maps than this (MAX_USED_MAPS,
// linux/bpf_verifier.h).
Result<void> check_map_count(const std::vector<bpf::Insn>& insns) {
  constexpr size_t kMaxMaps = 64;
  std::set<int32_t> maps;
  for (const bpf::Insn& insn : insns)
    if (insn.code == bpf::kLdImm64 && insn.src != 0) maps.insert(insn.imm);
  if (maps.size() <= kMaxMaps) return {};
  return Error{"the clauses of one probe use more maps than the kernel allows: " +
                   std::to_string(maps.size()) + ", a few of them gotap's own, of 64 maps",
               "use one map with a key more, as in @m[\"reads\"] and @m[\"writes\"]"};
}

std::string timer_name(lang::ProbeKind kind, uint32_t index) {
  if (kind == lang::ProbeKind::Begin) return "begin" + std::to_string(index);
  if (kind == lang::ProbeKind::End) return "end" + std::to_string(index);
  return "interval" + std::to_string(index);
}

}  // namespace

Result<bpf::BpfObject> generate(const lang::TypedProgram& program, const plan::Plan& plan,
                                const Options& options) {
  ObjectBuilder builder{program, plan, {}, 0, 0};
  TRY_DO(make_maps(builder));
  make_attach_maps(builder, options);
  make_copy_maps(builder);
  std::vector<Job> jobs;
  for (uint32_t i = 0; i < plan.programs.size(); i++) jobs.push_back({ProgramKind::Uprobe, i});
  for (uint32_t i = 0; i < plan.timers.size(); i++) jobs.push_back({ProgramKind::RawTracepoint, i});

  // The size of a scratch slot is the largest any program needs, and is an operand in all: so
  // the programs are made twice, first only to see what they need.
  std::vector<uint32_t> needed;
  for (const Job& job : jobs) {
    TRY(need, scratch_needed(builder, job));
    needed.push_back(need);
    builder.scratch_size = std::max(builder.scratch_size, need);
  }
  builder.object.events.clear();
  for (size_t i = 0; i < jobs.size(); i++) {
    Generator generator(builder);
    TRY(insns, run(generator, builder, jobs[i], needed[i] > 0));
    TRY_DO(check_map_count(insns));
    bpf::Program made;
    made.kind = jobs[i].kind;
    if (made.kind == ProgramKind::Uprobe) {
      made.plan_program = jobs[i].index;
      made.by_event = options.by_event;
      made.name = "uprobe" + std::to_string(jobs[i].index);
    } else {
      made.timer = jobs[i].index;
      made.name = timer_name(plan.timers[made.timer].kind, made.timer);
    }
    made.insns = std::move(insns);
    builder.object.programs.push_back(std::move(made));
  }
  make_scratch_map(builder);
  make_ring(builder.object);
  return std::move(builder.object);
}

}  // namespace gotap::codegen
