#include "cli/functions.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "plan/plan.h"

namespace gotap::cli {

namespace {

using Functions = std::vector<go::Function>;

// Whether `name` is of the package, and not of one below it.
bool is_in_package(std::string_view name, std::string_view package) {
  return name.size() > package.size() && name.starts_with(package) && name[package.size()] == '.' &&
         name.find('/', package.size()) == std::string_view::npos;
}

bool ends_with_part(std::string_view name, std::string_view part) {
  if (name.size() <= part.size() || !name.ends_with(part)) return false;
  const char before = name[name.size() - part.size() - 1];
  return before == '.' || before == '/';
}

template <class Match>
std::vector<uint32_t> all_that(const Functions& functions, Match match) {
  std::vector<uint32_t> found;
  for (uint32_t i = 0; i < functions.size(); i++)
    if (match(functions[i].name)) found.push_back(i);
  return found;
}

Error no_function(const go::Image& image, const std::string& name) {
  // Also the names without their packages: what was typed may be one of those, misspelt.
  std::set<std::string_view> names;
  for (const go::Function& function : image.functions()) {
    names.insert(function.name);
    const size_t slash = function.name.rfind('/');
    const size_t dot = function.name.find('.', slash == std::string_view::npos ? 0 : slash);
    if (dot != std::string_view::npos) names.insert(function.name.substr(dot + 1));
    names.insert(function.name.substr(function.name.rfind('.') + 1));
  }
  const std::vector<std::string> nearest = nearest_names(name, {names.begin(), names.end()}, 3);
  return {"no function of " + image.path() + " is called " + name,
          nearest.empty() ? "gotap list shows what there is"
                          : "did you mean " + join_words(nearest, "or") + "?"};
}

Error several_functions(const go::Image& image, const std::string& name,
                        const std::vector<uint32_t>& found) {
  constexpr size_t kShown = 10;
  std::string hint = "name one of them, or all as *." + name + ":";
  for (size_t i = 0; i < std::min(found.size(), kShown); i++)
    hint += "\n  " + std::string(image.functions()[found[i]].name);
  if (found.size() > kShown) hint += "\n  and " + std::to_string(found.size() - kShown) + " more";
  return {count_of(found.size(), "function") + " are called " + name, hint};
}

}  // namespace

Result<std::vector<uint32_t>> find_functions(const go::Image& image, const std::string& name) {
  const Functions& functions = image.functions();
  lang::ProbeSpec probe;
  probe.function = name;
  std::vector<uint32_t> found = plan::match_functions(probe, image);
  if (!found.empty()) return found;
  if (name.size() > 1 && name.ends_with(':')) {
    const std::string package = name.substr(0, name.size() - 1);
    found = all_that(functions, [&](std::string_view it) { return is_in_package(it, package); });
  } else if (!has_wildcard(name)) {
    found = all_that(functions, [&](std::string_view it) { return ends_with_part(it, name); });
    if (found.size() > 1) return several_functions(image, name, found);
  }
  if (found.empty()) return no_function(image, name);
  return found;
}

}  // namespace gotap::cli
