#include "lang/settings.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/text.h"

namespace gotap::lang {

namespace {

template <uint32_t Settings::*field, uint32_t least, uint32_t most>
bool number(Settings& settings, std::string_view text) {
  uint32_t value = 0;
  auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || stop != text.data() + text.size()) return false;
  if (value < least || value > most) return false;
  settings.*field = value;
  return true;
}

template <uint32_t ValueLimits::*field, uint32_t least, uint32_t most>
bool limit(Settings& settings, std::string_view text) {
  Settings read;
  if (!number<&Settings::max_strlen, least, most>(read, text)) return false;
  settings.values.*field = read.max_strlen;
  return true;
}

bool secrets(Settings& settings, std::string_view text) {
  const bool yes = text == "1" || text == "true";
  if (!yes && text != "0" && text != "false") return false;
  settings.values.show_secrets = yes;
  return true;
}

template <bool Settings::*field>
bool flag(Settings& settings, std::string_view text) {
  const bool yes = text == "1" || text == "true";
  if (!yes && text != "0" && text != "false") return false;
  settings.*field = yes;
  return true;
}

// "*pkg.T.Field, pkg.E": replaces what was set before.
bool error_texts(Settings& settings, std::string_view text) {
  std::vector<std::string> texts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view one = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one.find('.') == std::string_view::npos) return false;
    texts.emplace_back(one);
  }
  settings.error_texts = std::move(texts);
  return true;
}

bool stack_mode(Settings& settings, std::string_view text) {
  if (text == "bpftrace")
    settings.stack_mode = StackMode::Frames;
  else if (text == "perf")
    settings.stack_mode = StackMode::Perf;
  else if (text == "raw")
    settings.stack_mode = StackMode::Raw;
  else
    return false;
  return true;
}

template <std::string Settings::*field>
bool words(Settings& settings, std::string_view text) {
  settings.*field = text;
  return true;
}

constexpr SettingRow kRows[] = {
    {"max_strlen", "BPFTRACE_MAX_STRLEN", "BPFTRACE_STRLEN", "a number from 1 to 4096",
     "longest string str() reads (1024)", number<&Settings::max_strlen, 1, 4096>},
    {"max_map_keys", "BPFTRACE_MAX_MAP_KEYS", "BPFTRACE_MAP_KEYS_MAX", "a number from 1 to 1000000",
     "entries of a map (4096)", number<&Settings::max_map_keys, 1, 1'000'000>},
    {"max_cat_bytes", "BPFTRACE_MAX_CAT_BYTES", "BPFTRACE_CAT_BYTES_MAX",
     "a number from 1 to 16777216", "how much cat() shows of a file (10240)",
     number<&Settings::max_cat_bytes, 1, 16'777'216>},
    {"max_probes", "BPFTRACE_MAX_PROBES", "", "a number from 1 to 4294967295",
     "functions a script may probe (no limit)", number<&Settings::max_probes, 1, UINT32_MAX>},
    {"perf_rb_pages", "BPFTRACE_PERF_RB_PAGES", "", "a number from 1 to 65536",
     "pages of the buffer for events, 4 KiB each (1 MiB a CPU, at most 8 MiB)",
     number<&Settings::perf_rb_pages, 1, 65'536>},
    {"print_maps_on_exit", "BPFTRACE_PRINT_MAPS_ON_EXIT", "", "true, false, 1 or 0",
     "print all maps at the end (true)", flag<&Settings::print_maps_on_exit>},
    {"error_text", "BPFTRACE_ERROR_TEXT", "", "types with a string field: *pkg.T.Msg, pkg.E.Text",
     "fields that are the text of Go errors: *pkg.T.Msg", error_texts},
    {"str_trunc_trailer", "BPFTRACE_STR_TRUNC_TRAILER", "", "any text",
     "what str() puts behind text that it cut (..)", words<&Settings::str_trunc_trailer>},
    {"probe_inline", "BPFTRACE_PROBE_INLINE", "", "true, false, 1 or 0",
     "uprobes see inlined calls too, where those can be told (false)",
     flag<&Settings::probe_inline>},
    {"stack_mode", "BPFTRACE_STACK_MODE", "", "bpftrace, perf or raw",
     "how ustack is shown (bpftrace)", stack_mode},
    {"value_depth", "BPFTRACE_VALUE_DEPTH", "", "a number from 0 to 32",
     "%v: pointers, slices, maps, interfaces followed inside of each other (5)",
     limit<&ValueLimits::depth, 0, 32>},
    {"value_elements", "BPFTRACE_VALUE_ELEMENTS", "", "a number from 1 to 1024",
     "%v: elements of a slice, an array, a map (16)", limit<&ValueLimits::elements, 1, 1024>},
    {"value_bytes", "BPFTRACE_VALUE_BYTES", "", "a number from 1 to 2048",
     "%v: bytes of a string (128)", limit<&ValueLimits::bytes, 1, 2048>},
    {"value_size", "BPFTRACE_VALUE_SIZE", "", "a number from 256 to 8192",
     "%v: bytes that are copied of all that one printf() shows (4096)",
     limit<&ValueLimits::size, 256, 8192>},
    {"show_secrets", "BPFTRACE_SHOW_SECRETS", "", "true, false, 1 or 0",
     "%v: show what is called password, token, cookie and the like (false)", secrets},
    {"btf", "BPFTRACE_BTF", "", "", "", nullptr},
    {"cache_user_symbols", "BPFTRACE_CACHE_USER_SYMBOLS", "", "", "", nullptr},
    {"color", "BPFTRACE_COLOR", "", "", "", nullptr},
    {"cpp_demangle", "BPFTRACE_CPP_DEMANGLE", "BPFTRACE_NO_CPP_DEMANGLE", "", "", nullptr},
    {"debug_output", "BPFTRACE_DEBUG_OUTPUT", "", "", "", nullptr},
    {"kernel_build", "BPFTRACE_KERNEL_BUILD", "", "", "", nullptr},
    {"kernel_source", "BPFTRACE_KERNEL_SOURCE", "", "", "", nullptr},
    {"lazy_symbolication", "BPFTRACE_LAZY_SYMBOLICATION", "", "", "", nullptr},
    {"license", "BPFTRACE_LICENSE", "", "", "", nullptr},
    {"log_size", "BPFTRACE_LOG_SIZE", "", "", "", nullptr},
    {"max_ast_nodes", "BPFTRACE_MAX_AST_NODES", "", "", "", nullptr},
    {"max_bpf_progs", "BPFTRACE_MAX_BPF_PROGS", "", "", "", nullptr},
    {"max_type_res_iterations", "BPFTRACE_MAX_TYPE_RES_ITERATIONS", "", "", "", nullptr},
    {"missing_probes", "BPFTRACE_MISSING_PROBES", "", "", "", nullptr},
    {"on_stack_limit", "BPFTRACE_ON_STACK_LIMIT", "", "", "", nullptr},
    {"show_debug_info", "BPFTRACE_SHOW_DEBUG_INFO", "", "", "", nullptr},
    {"use_blazesym", "BPFTRACE_USE_BLAZESYM", "", "", "", nullptr},
    {"verify_llvm_ir", "BPFTRACE_VERIFY_LLVM_IR", "", "", "", nullptr},
    {"vmlinux", "BPFTRACE_VMLINUX", "", "", "", nullptr},
};

// Those come and go with bpftrace's releases.
constexpr SettingRow kUnstable{"unstable_...", "BPFTRACE_UNSTABLE_...", "", "", "", nullptr};

}  // namespace

std::span<const SettingRow> setting_rows() { return kRows; }

const SettingRow* find_setting(std::string_view name) {
  for (const SettingRow& row : kRows)
    if (row.name == name) return &row;
  return name.starts_with("unstable_") ? &kUnstable : nullptr;
}

const SettingRow* find_variable(std::string_view variable) {
  for (const SettingRow& row : kRows)
    if (row.variable == variable || (!row.old_name.empty() && row.old_name == variable))
      return &row;
  return variable.starts_with("BPFTRACE_UNSTABLE_") ? &kUnstable : nullptr;
}

Result<void> set_setting(Settings& settings, std::string_view name, std::string_view text) {
  const SettingRow* row = find_setting(name);
  if (!row) {
    std::vector<std::string_view> names;
    for (const SettingRow& known : kRows)
      if (known.set) names.push_back(known.name);
    auto nearest = nearest_names(name, names, 1);
    return Error{"unknown setting '" + escape_controls(name) + "'",
                 nearest.empty() ? "gotap --help lists them" : "did you mean " + nearest[0] + "?"};
  }
  if (row->set && !row->set(settings, text))
    return Error{std::string(row->name) + " must be " + std::string(row->values), ""};
  return {};
}

}  // namespace gotap::lang
