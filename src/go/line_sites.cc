// The finder behind line_sites.h. Facts: cmd/compile/internal/ssa/numberlines.go (which
// instructions begin a statement); the line of an instruction is that of the innermost inlined call
// it belongs to, in DWARF as in the pclntab.
#include "go/line_sites.h"

#include <algorithm>
#include <map>
#include <set>

#include "go/prologue.h"
#include "go/sites.h"

namespace gotap::go {
namespace {

using arch::Flow;

/// An instruction with which code of the line begins.
struct Candidate {
  size_t index = 0;      ///< in DecodedFunction::insns
  int32_t inlined = -1;  ///< the innermost inlined call that it is of
  bool operator<(const Candidate& other) const {
    return std::pair(index, inlined) < std::pair(other.index, other.inlined);
  }
};

/// The instructions that may run right before each one. What a jump table leads to is taken to be
/// where code begins that nothing falls into, or that other jumps lead to: a wrong guess costs a
/// second hit, or one hit of a line in a switch.
std::vector<std::vector<uint32_t>> came_from(const DecodedFunction& function, Bytes code,
                                             uint64_t entry) {
  const std::vector<Decoded>& insns = function.insns;
  std::vector<std::vector<uint32_t>> before = direct_ways(function);
  std::vector<uint32_t> tables;
  for (uint32_t i = 0; i < insns.size(); i++)
    if (insns[i].insn.flow == Flow::IndirectJump) tables.push_back(i);
  for (size_t i = 1; i < insns.size(); i++) {
    const bool falls_into = goes_on(insns[i - 1].insn), jumped_to = before[i].size() > 1;
    if (!falls_into || jumped_to) before[i].insert(before[i].end(), tables.begin(), tables.end());
  }
  drop_padding(code, entry, insns, before);
  return before;
}

/// Whether each way to `at` leads through one of `others` since it was there last, or since the
/// function began.
bool leads_through(const std::vector<std::vector<uint32_t>>& before, const Candidate& at,
                   const std::set<Candidate>& others) {
  std::vector<size_t> open{at.index};
  std::vector<bool> seen(before.size());
  while (!open.empty()) {
    const size_t step = open.back();
    open.pop_back();
    if (step == 0 || before[step].empty()) return false;
    for (const uint32_t from : before[step]) {
      if (from == at.index) return false;
      if (seen[from] || others.count({from, at.inlined}) != 0) continue;
      seen[from] = true;
      open.push_back(from);
    }
  }
  return true;
}

class Lines {
 public:
  Lines(const LineInput& input, std::string_view file, uint32_t line)
      : input_(input), file_(file), line_(line) {}
  LineSites find();

 private:
  SourceRows pclntab_rows() const;
  void add(uint32_t function, const std::vector<SourceRows::Row>& rows);
  void refuse(uint32_t function, const std::string& why) {
    found_.refused.push_back(std::string(input_.functions[function].name) + ": " + why);
  }
  std::optional<uint32_t> function_at(uint64_t address) const;

  const LineInput& input_;
  std::string_view file_;
  uint32_t line_;
  LineSites found_;
};

/// Of the pclntab: a row where each line begins. It knows nothing of statements.
SourceRows Lines::pclntab_rows() const {
  SourceRows out;
  std::map<std::string_view, uint32_t> numbers;
  for (size_t i = 0; i < input_.functions.size(); i++) {
    if (!input_.functions[i].is_go || input_.rows[i].record == 0) continue;
    const PclnFunction& row = input_.rows[i];
    std::vector<PcRange> lines;
    for (const PcRange& range : input_.pclntab.files(row)) {
      const std::string_view name = input_.pclntab.file_name(row, range.value);
      if (!is_source_file(name, file_)) continue;
      if (lines.empty()) lines = input_.pclntab.lines(row);
      const uint32_t number =
          numbers.try_emplace(name, static_cast<uint32_t>(numbers.size())).first->second;
      for (const PcRange& line : lines)
        if (line.value > 0 && line.begin < range.end && range.begin < line.end)
          out.rows.push_back(
              {std::max(line.begin, range.begin), number, static_cast<uint32_t>(line.value), true});
    }
  }
  out.files.resize(numbers.size());
  for (const auto& [name, number] : numbers) out.files[number] = name;
  return out;
}

std::optional<uint32_t> Lines::function_at(uint64_t address) const {
  const std::vector<Function>& functions = input_.functions;
  const auto after = std::upper_bound(functions.begin(), functions.end(), address,
                                      [](uint64_t a, const Function& f) { return a < f.entry; });
  if (after == functions.begin() || !(after - 1)->is_go || address >= (after - 1)->end)
    return std::nullopt;
  return static_cast<uint32_t>(after - 1 - functions.begin());
}

void Lines::add(uint32_t index, const std::vector<SourceRows::Row>& rows) {
  const Function& function = input_.functions[index];
  const auto code = input_.elf.at(function.entry, function.end - function.entry);
  if (!code || !input_.elf.is_executable(function.entry))
    return refuse(index, "its code is not in the file");
  const DecodedFunction decoded = decode_function(*code, function.entry);
  if (!decoded.problem.empty()) return refuse(index, decoded.problem);
  const StackCheck check = match_stack_check(decoded, *code, function.entry);
  if (check.found == StackCheck::Found::Strange)
    return refuse(index, "its stack check has a shape that is not known");
  const bool has_check = check.found == StackCheck::Found::Yes;
  size_t grow_begin = decoded.insns.size(), grow_end = grow_begin;
  if (has_check) {
    grow_begin = grow_end = decoded.index_of(decoded.insns[check.branch].insn.target);
    while (grow_end < decoded.insns.size() && decoded.insns[grow_end].insn.flow != Flow::Jump)
      grow_end++;
  }
  const InlineTree tree = input_.inlined && input_.rows[index].record
                              ? input_.inlined->read(input_.rows[index])
                              : InlineTree();
  // A copy of which no instruction is said to begin a statement begins with its first one.
  std::set<int32_t> with_statements;
  for (const SourceRows::Row& row : rows)
    if (row.is_stmt) with_statements.insert(tree.at(row.address));
  std::set<Candidate> candidates;
  for (const SourceRows::Row& row : rows) {
    const int32_t inlined = tree.at(row.address);
    size_t at = decoded.index_of(row.address);
    if (!row.is_stmt && with_statements.count(inlined) != 0) continue;
    if (at == decoded.insns.size() || (at >= grow_begin && at <= grow_end)) continue;
    if (has_check) at = std::max(at, check.branch + 1);
    candidates.insert({at, inlined});
  }
  const auto before = came_from(decoded, *code, function.entry);
  for (auto it = candidates.begin(); it != candidates.end();)
    it = leads_through(before, *it, candidates) ? candidates.erase(it) : std::next(it);
  for (const Candidate& candidate : candidates) {
    const Decoded& at = decoded.insns[candidate.index];
    if (at.insn.refused)
      refuse(index, "no kernel probe works on its instruction for this line");
    else if (found_.sites.empty() || found_.sites.back().address != at.address)
      found_.sites.push_back({at.address, index});
  }
}

LineSites Lines::find() {
  SourceRows all = input_.described ? *input_.described : pclntab_rows();
  // A path that is written whole means that file alone.
  const auto whole = std::find(all.files.begin(), all.files.end(), file_);
  std::set<uint32_t> files;
  for (const SourceRows::Row& row : all.rows)
    if (whole == all.files.end() || row.file == static_cast<uint32_t>(whole - all.files.begin()))
      files.insert(row.file);
  for (const uint32_t file : files) found_.files.push_back(all.files[file]);
  if (files.size() != 1) return std::move(found_);
  std::map<uint32_t, std::vector<SourceRows::Row>> by_function;
  uint32_t below = 0, above = 0;  // 0: none; lines count from 1
  for (const SourceRows::Row& row : all.rows) {
    if (row.file != *files.begin() || row.line == 0) continue;
    const auto function = function_at(row.address);
    if (!function) continue;
    if (row.line == line_) by_function[*function].push_back(row);
    if (row.line < line_) below = std::max(below, row.line);
    if (row.line > line_ && (above == 0 || row.line < above)) above = row.line;
  }
  for (const auto& [function, rows] : by_function) add(function, rows);
  if (by_function.empty())
    for (const uint32_t line : {below, above})
      if (line != 0) found_.nearest.push_back(line);
  return std::move(found_);
}

}  // namespace

LineSites find_line_sites(const LineInput& input, std::string_view file, uint32_t line) {
  return Lines(input, file, line).find();
}

}  // namespace gotap::go
