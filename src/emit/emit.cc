// The script as a whole: a header, then one block of bpftrace for each program of the plan, or for
// each function of it where the block must know its function.
//
// A block does what codegen/frame.cc and codegen/program.cc do: leave at a stack-check branch that
// is taken, find the goroutine, record or end the call, run the clauses in the script's order.
// Unlike there, calls thrown away by a panic are not found: bpftrace cannot walk its maps.
#include "emit/emit.h"

#include <algorithm>
#include <map>

#include "arch/registers.h"
#include "base/text.h"
#include "emit/clause.h"
#include "lang/ast.h"

namespace gotap::emit {

namespace {

using lang::Builtin;
using plan::Cookie;
using plan::Moment;
using plan::Role;

// Both are cleared at the end, so that bpftrace does not print them.
constexpr const char* kCalls = "@gotap_calls";
// Wrappers that were entered and whose jump has not arrived yet.
constexpr const char* kJumps = "@gotap_jumps";
constexpr int kStackHi = 8;  // in runtime.g (runtime/runtime2.go)
constexpr uint64_t kTaken = arch::Flags::carry | arch::Flags::zero;
// What bpftrace starts without being told.
constexpr size_t kOldProbes = 512, kNewProbes = 1024;
constexpr uint32_t kDefaultKeys = 4096;

// `text` may stand in a comment.
std::string comment(const std::string& text) {
  std::string out = escape_controls(text);
  for (size_t at; (at = out.find("*/")) != std::string::npos;) out.insert(at + 1, " ");
  return out;
}

class Emitter {
 public:
  Emitter(const lang::TypedProgram& program, const plan::Plan& plan,
          const std::vector<Binary>& binaries, Dialect dialect, const lang::Settings& settings)
      : script_{program, plan, dialect, {}, {}, {}, false},
        plan_(plan),
        binaries_(binaries),
        settings_(settings) {}
  Emitted run();

 private:
  /// Sites that share a block.
  struct Group {
    const plan::Program* program = nullptr;
    Cookie cookie;
    std::vector<const plan::Site*> sites;
  };

  void look_around();
  std::vector<Group> groups() const;
  bool needs_function(const plan::Program& program) const;
  void block(const Group& group);
  void attach_points(const Group& group);
  std::string attach_point(const Group& group, const plan::Site& site);
  std::string site_name(const plan::Site& site) const;
  void find_goroutine(const Group& group, bool goid, bool frame);
  void begin_call(const Group& group);
  void end_call(const Group& group, Role role);
  void actions(const Group& group, bool entries);
  void action(const Group& group, const plan::Action& action, bool last, size_t level);
  void no_early_end(const lang::Clause& clause);
  void timers(lang::ProbeKind kind, const char* head, const std::string& first);
  void intervals();
  std::string declarations();
  std::string config() const;
  std::string header();
  std::string files() const;
  std::string limits() const;

  void line(size_t level, const std::string& text) {
    out_ += std::string(2 * level, ' ') + text + "\n";
  }
  std::string key(uint64_t function) const {
    return "pid, $goroutine, (uint64)" + std::to_string(function) + ", $k";
  }
  std::string entry(const char* map, uint64_t function) const {
    return std::string(map) + "[" + key(function) + "]";
  }
  std::string remove(const char* map, uint64_t function) const {
    if (script_.old()) return "delete(" + entry(map, function) + ");";
    return std::string("_ = delete(") + map + ", (" + key(function) + "));";
  }
  static std::string start(Role role) {
    return role == Role::Self ? "$start" : "$start" + std::to_string(static_cast<int>(role));
  }
  Script script_;
  const plan::Plan& plan_;
  const std::vector<Binary>& binaries_;
  const lang::Settings& settings_;
  std::set<uint64_t> timed_;     // functions whose calls are ended somewhere
  std::set<uint64_t> wrappers_;  // functions that leave by a jump
  Names* names_ = nullptr;       // of the current block
  size_t probes_ = 0;
  bool unsafe_ = false;
  std::string out_;
};

void Emitter::look_around() {
  for (const plan::Program& program : plan_.programs)
    for (const plan::Site& site : program.sites) {
      Cookie cookie = Cookie::unpack(site.cookie);
      for (uint64_t wrapper : {cookie.wrapper1, cookie.wrapper2})
        if (wrapper != Cookie::kNone) wrappers_.insert(wrapper);
      if (program.shape.pop_frame) timed_.insert(cookie.self);
    }
  timed_.insert(wrappers_.begin(), wrappers_.end());
}

bool Emitter::needs_function(const plan::Program& program) const {
  const plan::Shape& shape = program.shape;
  if (shape.push_frame || shape.pop_frame) return true;
  return std::any_of(shape.actions.begin(), shape.actions.end(), [&](const plan::Action& action) {
    const lang::Clause& clause = script_.program.clauses[action.clause];
    return mentions(clause, Builtin::Func) || mentions(clause, Builtin::Probe);
  });
}

std::vector<Emitter::Group> Emitter::groups() const {
  std::vector<Group> all;
  for (const plan::Program& program : plan_.programs) {
    bool by_function = needs_function(program);
    std::map<uint64_t, size_t> known;
    for (const plan::Site& site : program.sites) {
      auto [group, fresh] = known.try_emplace(by_function ? site.cookie : 0, all.size());
      if (fresh) all.push_back({&program, Cookie::unpack(site.cookie), {}});
      all[group->second].sites.push_back(&site);
    }
  }
  return all;
}

std::string Emitter::site_name(const plan::Site& site) const {
  Cookie cookie = Cookie::unpack(site.cookie);
  if (cookie.self >= plan_.functions.size()) return "";
  const plan::TracedFunction& function = plan_.functions[cookie.self];
  std::string name = function.name;
  if (const go::Image* image = plan::image_of(plan_, function.target)) {
    if (auto index = image->function_at(site.address)) {
      if (plan_.programs[site.program].shape.inlined)
        name += " inlined into " + std::string(image->functions()[*index].name);
      name += "+" + std::to_string(site.address - image->functions()[*index].entry);
    }
  }
  return escape_controls(name);
}

std::string Emitter::attach_point(const Group& group, const plan::Site& site) {
  const plan::Shape& shape = group.program->shape;
  const std::string& path = plan_.targets[shape.target].path;
  const lang::Clause& clause =
      script_.program.clauses[shape.actions.empty() ? 0 : shape.actions[0].clause];
  auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string("/._-+").find(c) != std::string::npos;
  };
  bool plain = std::all_of(path.begin(), path.end(), is_plain);
  if (path.find_first_of(script_.old() ? "\":\\" : "\"\\") != std::string::npos)
    script_.problem(clause.location, "bpftrace takes no such path: " + path,
                    "give the file another name");
  auto at = place(binaries_[shape.target], site.address, site.file_offset, !script_.old());
  if (!at) {
    script_.problem(clause.location,
                    "bpftrace has no way to name " + site_name(site) + " (" + hex(site.address) +
                        ") in " + path + ": it would take the number for something else",
                    script_.old() ? "emit for 0.27, or trace a stripped copy of the file" : "");
    return "";
  }
  unsafe_ |= at->needs_unsafe;
  return std::string(shape.kernel_uretprobe ? "uretprobe:" : "uprobe:") +
         (plain ? path : lang::quoted(path)) + ":" + hex(at->number);
}

void Emitter::attach_points(const Group& group) {
  for (const plan::Site* site : group.sites) line(0, "// " + site_name(*site));
  for (size_t i = 0; i < group.sites.size(); i++)
    line(0, attach_point(group, *group.sites[i]) + (i + 1 < group.sites.size() ? "," : ""));
  probes_ += group.sites.size();
}

// $g, $goid; and with `frame` $goroutine, which is never 0, and $k, its depth.
void Emitter::find_goroutine(const Group& group, bool goid, bool frame) {
  const plan::Shape& shape = group.program->shape;
  if (shape.g == go::GSource::None) {
    if (!frame) return;
    line(1, "$goroutine = (uint64)tid;");
    // A return probe of the kernel runs after the return address is gone.
    line(1, shape.kernel_uretprobe ? "$k = (int64)reg(\"sp\") - 8;" : "$k = (int64)reg(\"sp\");");
    return;
  }
  if (!goid && !frame) return;
  bool tls = shape.g == go::GSource::Tls;
  auto word = [&](int32_t offset) {
    std::string pointer = "(uint64 *)($g + " + std::to_string(offset) + ")";
    return tls ? "*uptr(" + pointer + ")" : "*" + pointer;
  };
  if (tls) {
    line(1, "$fs = (int64)curtask->thread.fsbase;");
    std::string offset = shape.tls_offset < 0 ? " - " + std::to_string(-shape.tls_offset)
                                              : " + " + std::to_string(shape.tls_offset);
    line(1, "$g = *uptr((uint64 *)($fs" + offset + "));");
  } else {
    line(1, shape.g == go::GSource::R14 ? "$g = reg(\"r14\");" : "$g = reg(\"cx\");");
  }
  const bool has_goid = shape.goid_offset != 0;
  if (has_goid) line(1, std::string(kGoidVariable) + " = " + word(shape.goid_offset) + ";");
  if (!frame) return;
  line(1, has_goid ? "$goroutine = $goid == 0 ? $g : $goid;" : "$goroutine = $g;");
  line(1, "$k = (int64)" + word(kStackHi) + " - (int64)reg(\"sp\");");
}

void Emitter::begin_call(const Group& group) {
  const Cookie& cookie = group.cookie;
  for (uint64_t wrapper : {cookie.wrapper1, cookie.wrapper2}) {
    if (wrapper == Cookie::kNone) continue;
    line(1, "// Not reached through " + escape_controls(plan::func_name(plan_, wrapper)) +
                ": its call there ended in a panic.");
    line(1, "if (" + entry(kJumps, wrapper) + " == 0) {");
    line(2, remove(kCalls, wrapper));
    line(1, "}");
    line(1, remove(kJumps, wrapper));
  }
  if (!timed_.count(cookie.self)) return;
  if (wrappers_.count(cookie.self)) line(1, entry(kJumps, cookie.self) + " = (uint64)1;");
  line(1, entry(kCalls, cookie.self) + " = nsecs;");
}

void Emitter::end_call(const Group& group, Role role) {
  uint64_t function = group.cookie.of(role);
  if (function == Cookie::kNone) return;
  line(1, start(role) + " = " + entry(kCalls, function) + ";");
  line(1, remove(kCalls, function));
  if (role == Role::Self && wrappers_.count(function)) line(1, remove(kJumps, function));
}

// `return` and exit() end all that bpftrace runs at a site, here they end their clause.
void Emitter::no_early_end(const lang::Clause& clause) {
  auto refuse = [&](const lang::Location& where, const std::string& what) {
    script_.problem(where,
                    what +
                        " would end the other blocks of this probe too: bpftrace runs them as "
                        "one",
                    "put it into the last of the blocks, or use if and else");
  };
  std::vector<const std::vector<lang::Stmt>*> bodies = {&clause.body};
  for (size_t i = 0; i < bodies.size(); i++)
    for (const lang::Stmt& stmt : *bodies[i]) {
      if (stmt.kind == lang::Stmt::Kind::Return) refuse(stmt.location, "return");
      bodies.push_back(&stmt.then_body);
      bodies.push_back(&stmt.else_body);
    }
  lang::for_each_expr(clause, [&](const lang::Expr& e) {
    if (e.kind == lang::Expr::Kind::Call && e.builtin == Builtin::Exit)
      refuse(e.location, "exit()");
  });
}

void Emitter::action(const Group& group, const plan::Action& action, bool last, size_t level) {
  const lang::Clause& clause = script_.program.clauses[action.clause];
  if (!last) no_early_end(clause);
  Surroundings where;
  where.shape = &group.program->shape;
  where.role = action.role;
  where.moment = action.moment;
  where.layout = action.layout;
  where.function = group.cookie.of(action.role);
  where.probe = static_cast<uint64_t>(action.spec) << 32 | where.function;
  bool timed = clause.uses_duration && action.moment == Moment::Return;
  bool needs_call = timed || action.role != Role::Self;
  if (needs_call) line(level, "if (" + start(action.role) + " != 0) {");
  if (timed) {
    where.duration = names_->fresh("$duration");
    line(level + 1,
         where.duration + " = (uint64)((int64)$now - (int64)" + start(action.role) + ");");
  }
  out_ += ClausePrinter(script_, *names_, where, clause).print(level + (needs_call ? 1 : 0));
  if (needs_call) line(level, "}");
}

void Emitter::block(const Group& group) {
  const plan::Shape& shape = group.program->shape;
  bool push = shape.push_frame &&
              (timed_.count(group.cookie.self) > 0 || group.cookie.wrapper1 != Cookie::kNone);
  if (shape.actions.empty() && !push && !shape.pop_frame) return;
  bool goid = false, only_entries = !shape.pop_frame;
  for (const plan::Action& action : shape.actions) {
    goid |= mentions(script_.program.clauses[action.clause], Builtin::Goid);
    only_entries &= action.moment == Moment::Entry;
  }
  Names names({"$g", "$fs", kGoidVariable, "$goroutine", "$k", "$now", "$start", "$start1",
               "$start2", "$call"});
  names_ = &names;
  attach_points(group);
  line(0, "{");
  if (shape.check_branch && only_entries)
    line(1, "if ((reg(\"flags\") & " + std::to_string(kTaken) +
                ") != 0) { return; }  // the stack grows, then it starts over");
  if (shape.pop_frame) line(1, "$now = nsecs;");
  find_goroutine(group, goid, push || shape.pop_frame);
  std::string call_begins;
  if (shape.check_branch && !only_entries) {
    line(1, "$call = (reg(\"flags\") & " + std::to_string(kTaken) + ") == 0;");
    call_begins = "if ($call) {";
  }
  if (push && !call_begins.empty()) line(1, call_begins);
  if (push) begin_call(group);
  if (push && !call_begins.empty()) line(1, "}");
  if (shape.pop_frame) {
    end_call(group, Role::Self);
    if (shape.pop_wrappers) {
      end_call(group, Role::Wrapper1);
      end_call(group, Role::Wrapper2);
    }
  }
  for (size_t i = 0; i < shape.actions.size(); i++) {
    const plan::Action& one = shape.actions[i];
    bool guarded = !call_begins.empty() && one.moment == Moment::Entry;
    if (guarded) line(1, call_begins);
    action(group, one, i + 1 == shape.actions.size(), guarded ? 2 : 1);
    if (guarded) line(1, "}");
  }
  line(0, "}");
  line(0, "");
}

// BEGIN and END: bpftrace 0.17 takes one of each.
void Emitter::timers(lang::ProbeKind kind, const char* head, const std::string& first) {
  std::vector<const plan::Timer*> mine;
  for (const plan::Timer& timer : plan_.timers)
    if (timer.kind == kind) mine.push_back(&timer);
  if (mine.empty() && first.empty()) return;
  Names names({});
  line(0, head);
  line(0, "{");
  out_ += first;
  for (const plan::Timer* timer : mine) {
    const lang::Clause& clause = script_.program.clauses[timer->clause];
    if (timer != mine.back()) no_early_end(clause);
    Surroundings where;
    where.function = Cookie::kNone;
    where.probe = static_cast<uint64_t>(timer->spec) << 32 | Cookie::kNone;
    out_ += ClausePrinter(script_, names, where, clause).print(1);
  }
  line(0, "}");
  line(0, "");
}

void Emitter::intervals() {
  for (const plan::Timer& timer : plan_.timers) {
    if (timer.kind != lang::ProbeKind::Interval) continue;
    Names names({});
    Surroundings where;
    where.function = Cookie::kNone;
    where.probe = static_cast<uint64_t>(timer.spec) << 32 | Cookie::kNone;
    line(0, plan_.specs[timer.spec]);
    line(0, "{");
    out_ += ClausePrinter(script_, names, where, script_.program.clauses[timer.clause]).print(1);
    line(0, "}");
    line(0, "");
    probes_++;
  }
}

// bpftrace 0.17 must have seen an assignment to a map before it is read.
std::string Emitter::declarations() {
  if (!script_.old()) return "";
  std::string text;
  auto declare = [&](const std::string& place, const std::string& value) {
    text += "  " + place + " = " + value + ";\n  delete(" + place + ");\n";
  };
  std::string calls = "[pid, (uint64)0, (uint64)0, (int64)0]";
  if (plan_.uses_frames) declare(kCalls + calls, "(uint64)0");
  if (!wrappers_.empty()) declare(kJumps + calls, "(uint64)0");
  for (uint32_t slot : script_.read_early) {
    const lang::MapDecl& map = script_.program.maps[slot];
    if (map.value.is_aggregate()) continue;
    std::string keys;
    for (const Type& type : map.keys) keys += (keys.empty() ? "" : ", ") + zero(type, true);
    declare(map.name + (keys.empty() ? "" : "[" + keys + "]"), zero(map.value, true));
  }
  return text;
}

std::string Emitter::files() const {
  std::string text;
  for (size_t i = 0; i < plan_.targets.size(); i++) {
    const Binary& binary = binaries_[i];
    text += "  " + comment(plan_.targets[i].path) + "\n";
    text += "    " + (binary.go_version.empty() ? "not Go" : "Go " + comment(binary.go_version));
    text += ", build id " + (binary.build_id.empty() ? "none" : comment(binary.build_id)) + "\n";
    text += "    cksum prints: " + std::to_string(binary.cksum) + " " +
            std::to_string(binary.size) + "\n";
  }
  return text;
}

// What must be set in the environment: later versions have it in the script.
std::string Emitter::limits() const {
  if (!script_.old()) return "";
  std::string set = "BPFTRACE_STRLEN=200 ";
  if (probes_ > kOldProbes) set += "BPFTRACE_MAX_PROBES=" + std::to_string(probes_) + " ";
  if (script_.program.max_map_keys != kDefaultKeys)
    set += "BPFTRACE_MAP_KEYS_MAX=" + std::to_string(script_.program.max_map_keys) + " ";
  if (settings_.max_cat_bytes != lang::Settings().max_cat_bytes)
    set += "BPFTRACE_CAT_BYTES_MAX=" + std::to_string(settings_.max_cat_bytes) + " ";
  if (settings_.perf_rb_pages)
    set += "BPFTRACE_PERF_RB_PAGES=" + std::to_string(settings_.perf_rb_pages) + " ";
  return set;
}

// The settings of the script as it stands; in the old dialect limits() has them.
std::string Emitter::config() const {
  if (script_.old()) return "";
  std::string text;
  auto set = [&](const char* name, const std::string& value) {
    text += std::string("  ") + name + " = " + value + ";\n";
  };
  const lang::Settings usual;
  size_t probes_limit = std::max(probes_ + 2, kNewProbes);
  set("max_strlen", std::to_string(script_.program.max_strlen + 1));
  set("max_map_keys", std::to_string(script_.program.max_map_keys));
  if (probes_limit > kNewProbes) {
    set("max_probes", std::to_string(probes_limit));
    set("max_bpf_progs", std::to_string(probes_limit));
  }
  if (settings_.max_cat_bytes != usual.max_cat_bytes)
    set("max_cat_bytes", std::to_string(settings_.max_cat_bytes));
  if (settings_.perf_rb_pages) set("perf_rb_pages", std::to_string(settings_.perf_rb_pages));
  if (!settings_.print_maps_on_exit) set("print_maps_on_exit", "false");
  if (settings_.str_trunc_trailer != usual.str_trunc_trailer)
    set("str_trunc_trailer", lang::quoted(settings_.str_trunc_trailer));
  return "config = {\n" + text + "}\n\n";
}

std::string Emitter::header() {
  std::string run = std::string("bpftrace") + (unsafe_ || script_.runs_commands ? " --unsafe" : "");
  std::string text = "#!/usr/bin/env -S " + run +
                     "\n/*\nMade by gotap emit " GOTAP_VERSION " for bpftrace " +
                     std::string(name(script_.dialect)) + ".\n\n";
  if (!plan_.targets.empty()) {
    text +=
        "ONLY FOR THESE VERY FILES. In any other, also in another build of the same source, the\n"
        "numbers below are other instructions: the program would crash or compute wrong results.\n"
        "Compare before every use; the build must be the one that the process runs.\n";
    text += files() + "\n";
  }
  text += "Run as root, " + count_of(probes_, "probe") + ":\n  " + limits() + run +
          " [-p PID | -c COMMAND] SCRIPT\n";
  if (unsafe_)
    text +=
        "--unsafe, because bpftrace cannot check offsets in a file without symbols; gotap has\n"
        "decoded each. No package with separate debug symbols of the file may be installed.\n";
  text +=
      "\nWhat gotap does and this script does not:\n"
      "- memory that cannot be read is 0 or empty here, and so is a division by zero;\n"
      "- lost events and full maps are not told apart from what did not happen;\n";
  if (plan_.uses_frames)
    text += "- calls that end by a panic or runtime.Goexit stay in " + std::string(kCalls) +
            " for ever; when it is\n  full, no more calls are timed; calls begun before the "
            "script are left out;\n";
  text += "- strings longer than bpftrace's limit are cut" +
          std::string(script_.old() ? ", here at 199 bytes" : "") + ".\n";
  if (script_.old() && !settings_.print_maps_on_exit)
    text +=
        "- without print_maps_on_exit maps would not be printed at the end; here they all are.\n";
  for (const std::string& warning : plan_.warnings) text += "WARNING: " + comment(warning) + "\n";
  return text + "*/\n\n";
}

Emitted Emitter::run() {
  look_around();
  for (const Group& group : groups()) block(group);
  intervals();
  std::string probes = std::move(out_);
  out_.clear();
  std::string clear;
  if (plan_.uses_frames) clear += "  clear(" + std::string(kCalls) + ");\n";
  if (!wrappers_.empty()) clear += "  clear(" + std::string(kJumps) + ");\n";
  timers(lang::ProbeKind::End, "END", clear);
  std::string end = std::move(out_);
  out_.clear();
  timers(lang::ProbeKind::Begin, "BEGIN", declarations());
  std::string begin = std::move(out_);
  return {header() + config() + begin + probes + end, std::move(script_.problems)};
}

}  // namespace

const char* name(Dialect dialect) { return dialect == Dialect::V017 ? "0.17" : "0.27"; }

Emitted emit(const lang::TypedProgram& program, const plan::Plan& plan,
             const std::vector<Binary>& binaries, Dialect dialect, const lang::Settings& settings) {
  return Emitter(program, plan, binaries, dialect, settings).run();
}

}  // namespace gotap::emit
