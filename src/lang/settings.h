// Settings: what the environment (BPFTRACE_NAME) and a script's config block (name) set; one
// table of both. Names, defaults and meanings are bpftrace's (its reference, 0.27; the old names
// are those of 0.17).
//
// Entry points: set_setting(), setting_rows().
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/copies.h"
#include "base/result.h"
#include "base/type.h"

namespace gotap::lang {

struct Settings {
  uint32_t max_strlen = 1024;      ///< longest string str() reads
  uint32_t max_map_keys = 4096;    ///< entries of a map
  uint32_t max_cat_bytes = 10240;  ///< what cat() shows of a file
  uint32_t max_probes = 0;         ///< functions a script may probe; 0: no limit
  uint32_t perf_rb_pages = 0;      ///< of the ring buffer; 0: gotap chooses
  bool print_maps_on_exit = true;
  std::vector<std::string> error_texts;      ///< "*main.E.Msg": types of errors and their texts
  std::string str_trunc_trailer = "..";      ///< what str() puts behind text that it cut
  StackMode stack_mode = StackMode::Frames;  ///< how ustack is shown
  ValueLimits values;                        ///< how much of a whole value %v shows
  bool probe_inline = false;                 ///< uprobes at inlined copies of functions, too
};

struct SettingRow {
  std::string_view name;      ///< in a config block
  std::string_view variable;  ///< in the environment
  std::string_view old_name;  ///< what bpftrace 0.17 called the variable; may be empty
  std::string_view values;    ///< which ones are taken, for messages and --help
  std::string_view doc;
  /// Sets it; false if the text is none of `values`. None: accepted and without effect.
  bool (*set)(Settings&, std::string_view text);
};

std::span<const SettingRow> setting_rows();

/// The row of this name; nullptr if there is none.
const SettingRow* find_setting(std::string_view name);
/// The row of this variable, under its old name too; nullptr if there is none.
const SettingRow* find_variable(std::string_view variable);

/// Sets one. Errors: an unknown name (with the nearest), a value that cannot be.
Result<void> set_setting(Settings& settings, std::string_view name, std::string_view text);

}  // namespace gotap::lang
