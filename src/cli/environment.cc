// Facts: environ(7). bpftrace looks at the variables it knows; a misspelt one is worth a word.
#include "cli/environment.h"

#include <string_view>

#include "base/text.h"

namespace gotap::cli {

namespace {

std::string nearest_variable(std::string_view variable) {
  std::vector<std::string_view> names;
  for (const lang::SettingRow& row : lang::setting_rows())
    if (row.set) names.push_back(row.variable);
  auto nearest = nearest_names(variable, names, 1);
  return nearest.empty() ? "" : "; did you mean " + nearest[0] + "?";
}

}  // namespace

Environment read_environment(const char* const* variables) {
  constexpr std::string_view kPrefix = "BPFTRACE_";
  Environment environment;
  for (; *variables; variables++) {
    std::string_view entry = *variables;
    if (!entry.starts_with(kPrefix)) continue;
    size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view variable = entry.substr(0, equals);
    std::string_view value = entry.substr(equals + 1);
    const lang::SettingRow* row = lang::find_variable(variable);
    if (!row) {
      environment.warnings.push_back(escape_controls(variable) + " is unknown and ignored" +
                                     nearest_variable(variable));
      continue;
    }
    if (!row->set) {
      environment.warnings.push_back(escape_controls(variable) + " has no effect in gotap");
      continue;
    }
    if (!row->set(environment.settings, value)) {
      environment.warnings.push_back(escape_controls(entry) + " ignored: not " +
                                     std::string(row->values));
      continue;
    }
    environment.given.emplace_back(row->name);
  }
  return environment;
}

Result<void> add_settings(Environment& environment, const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos)
      return Error{"--set takes NAME=VALUE, not '" + escape_controls(setting) + "'",
                   "as in --set value_depth=3"};
    const std::string name = setting.substr(0, equals);
    TRY_DO(lang::set_setting(environment.settings, name, setting.substr(equals + 1)));
    environment.given.push_back(name);
  }
  return {};
}

}  // namespace gotap::cli
