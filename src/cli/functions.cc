#include "cli/functions.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "base/text.h"
#include "plan/plan.h"

namespace gotap::cli {

namespace {

using Functions = std::vector<go::Function>;

// The package whose functions are meant by `net/http:` or `pkg:net/http`; nothing: none is.
std::optional<std::string> package_of(const std::string& name) {
  constexpr std::string_view kWord = "pkg:";
  if (name.size() > kWord.size() && name.starts_with(kWord)) return name.substr(kWord.size());
  if (name.size() > 1 && name.ends_with(':')) return name.substr(0, name.size() - 1);
  return std::nullopt;
}

// As names of functions have it: the dots of the last part of the path are escaped
// (cmd/internal/objabi, PathToPrefix).
std::string escaped(std::string package) {
  const size_t slash = package.rfind('/');
  size_t dot = slash == std::string::npos ? 0 : slash;
  while ((dot = package.find('.', dot)) != std::string::npos) package.replace(dot, 1, "%2e");
  return package;
}

// "store.Store.Put" of "store.(*Store).Put".
std::string without_star(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); i++) {
    if (name[i] == '(' && name.substr(i).starts_with("(*"))
      i++;
    else if (name[i] != ')' && name[i] != '(')
      out += name[i];
  }
  return out;
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
  const std::vector<go::InlinedFunction> inlined = find_only_inlined(image, name);
  if (!inlined.empty()) {
    const go::InlinedFunction& first = inlined.front();
    const std::string what =
        inlined.size() == 1
            ? std::string(first.name) + " has no code of its own: it is inlined everywhere, " +
                  count_of(first.calls, "call") + " in " + count_of(first.functions, "function")
            : "the " + std::to_string(inlined.size()) + " functions that " + name +
                  " means have no code of their own: they are inlined everywhere";
    return {what,
            "gotap list and gotap show say more; gotap log sees their lines, and a script may see "
            "calls: config = { probe_inline = 1 }"};
  }
  // Also the names without their packages: what was typed may be one of those, misspelt.
  const std::optional<std::string> package = package_of(name);
  std::set<std::string_view> names, packages;
  std::vector<std::string> nearest;
  const std::string plain = without_star(name);
  for (const go::Function& function : image.functions()) {
    const std::string_view of = package_part(function.name);
    if (!of.empty()) packages.insert(of);
    if (package) continue;
    // store.Put for (*Store).Put.
    if (name.find('.') != std::string::npos && nearest.size() < 3 && !of.empty() &&
        ends_with_part(without_star(function.name), plain))
      nearest.push_back(std::string(function.name.substr(of.size() + 1)));
    names.insert(function.name);
    if (!of.empty()) names.insert(function.name.substr(of.size() + 1));
    names.insert(function.name.substr(function.name.rfind('.') + 1));
  }
  std::sort(nearest.begin(), nearest.end());
  nearest.erase(std::unique(nearest.begin(), nearest.end()), nearest.end());
  // A package's path alone, or its end.
  const auto is_package = [&](std::string_view it) {
    return it == name || it.ends_with("/" + name);
  };
  if (package) {
    nearest = nearest_names(*package, {packages.begin(), packages.end()}, 3);
    for (std::string& it : nearest) it += ':';
  } else if (std::any_of(packages.begin(), packages.end(), is_package)) {
    nearest = {name + ":"};
  } else if (nearest.empty()) {
    nearest = nearest_names(name, {names.begin(), names.end()}, 3);
  }
  return {"no function of " + image.path() +
              (package ? " is in a package " + *package : " is called " + name),
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

// The packages whose path ends with /`end`.
std::set<std::string_view> packages_ending(const Functions& functions, const std::string& end) {
  std::set<std::string_view> found;
  for (const go::Function& function : functions)
    if (const auto package = package_part(function.name); package.ends_with("/" + end))
      found.insert(package);
  return found;
}

Error several_packages(const std::string& name, const std::set<std::string_view>& packages) {
  std::string hint = "name one of them:";
  for (const std::string_view package : packages) hint += "\n  " + std::string(package) + ":";
  return {count_of(packages.size(), "package") + " are called " + name, hint};
}

// Up to and with the next / or . behind the first `from` characters; whole if there is none.
std::string next_part(std::string_view name, size_t from) {
  const size_t end = name.find_first_of("/.", from);
  return std::string(end == std::string_view::npos ? name : name.substr(0, end + 1));
}

// The beginnings, all of one length in parts, by which so many names are told apart.
std::vector<std::string> first_parts(const std::set<std::string_view>& names, size_t from) {
  while (true) {
    std::map<std::string, size_t> parts;
    std::map<std::string, std::string_view> only;
    for (const std::string_view name : names) {
      const std::string part = next_part(name, from);
      parts[part]++;
      only[part] = name;
    }
    if (parts.size() == 1 && parts.begin()->first.size() > from &&
        parts.begin()->second == names.size() && names.size() > 1) {
      from = parts.begin()->first.size();
      continue;
    }
    std::vector<std::string> out;
    out.reserve(parts.size());
    for (const auto& [part, count] : parts)
      out.push_back(count == 1 ? std::string(only[part]) : part);
    return out;
  }
}

// Ends of names behind a dot or a slash that begin with `prefix` and that one function has.
std::set<std::string_view> ends_with_prefix(const std::vector<std::string_view>& names,
                                            const std::string& prefix) {
  std::map<std::string_view, size_t> ends;
  for (const std::string_view name : names)
    for (size_t i = 0; i + 1 < name.size(); i++)
      if ((name[i] == '.' || name[i] == '/') && name.substr(i + 1).starts_with(prefix))
        ends[name.substr(i + 1)]++;
  std::set<std::string_view> found;
  for (const auto& [end, count] : ends)
    if (count == 1) found.insert(end);
  return found;
}

// Empty: there is none.
Result<std::vector<uint32_t>> functions_with_code(const go::Image& image, const std::string& name,
                                                  bool all_of_an_end = false) {
  const Functions& functions = image.functions();
  lang::ProbeSpec probe;
  probe.function = name;
  std::vector<uint32_t> found = plan::match_functions(probe, image);
  if (!found.empty()) return found;
  if (const auto package = package_of(name)) {
    const std::string path = escaped(*package);
    const auto of = [&](std::string_view whole) {
      return all_that(functions, [&](std::string_view it) { return package_part(it) == whole; });
    };
    found = of(path);
    if (found.empty()) {
      const std::set<std::string_view> ending = packages_ending(functions, path);
      if (ending.size() > 1) return several_packages(*package, ending);
      if (!ending.empty()) found = of(*ending.begin());
    }
  } else if (has_wildcard(name)) {
    probe.function = "*/" + name;
    found = plan::match_functions(probe, image);
  } else {
    found = all_that(functions, [&](std::string_view it) { return ends_with_part(it, name); });
    if (found.size() > 1 && !all_of_an_end) return several_functions(image, name, found);
  }
  return found;
}

}  // namespace

bool is_made_by_compiler(std::string_view name) {
  for (const char* begin : {"type:", "type..", "go:", "go.(", "go.struct ", "go.buildid", "_cgo"})
    if (name.starts_with(begin)) return true;
  return false;
}

std::string_view package_part(std::string_view function) {
  if (is_made_by_compiler(function)) return {};
  const size_t slash = function.substr(0, function.find_first_of("([")).rfind('/');
  const size_t dot = function.find('.', slash == std::string_view::npos ? 0 : slash);
  return dot == std::string_view::npos ? std::string_view() : function.substr(0, dot);
}

std::vector<std::string> complete_function(const std::vector<std::string_view>& names,
                                           const std::string& prefix) {
  constexpr size_t kMost = 100;
  std::set<std::string_view> found;
  for (const std::string_view name : names)
    if (name.starts_with(prefix)) found.insert(name);
  if (found.empty() && !prefix.empty()) found = ends_with_prefix(names, prefix);
  if (found.size() > kMost) return first_parts(found, prefix.size());
  return {found.begin(), found.end()};
}

std::vector<std::string> complete_function(const go::Image& image, const std::string& prefix) {
  std::vector<std::string_view> names;
  for (const go::Function& function : image.functions()) {
    // (Names of generic functions may hold the tags of a struct.)
    const std::string_view name = function.name;
    if (!is_made_by_compiler(name) && name.find_first_of("\"\\ \t") == std::string_view::npos)
      names.push_back(name);
  }
  return complete_function(names, prefix);
}

Result<std::vector<uint32_t>> find_functions(const go::Image& image, const std::string& name) {
  TRY(found, functions_with_code(image, name));
  if (found.empty()) return no_function(image, name);
  return found;
}

std::vector<go::InlinedFunction> find_only_inlined(const go::Image& image,
                                                   const std::string& name) {
  const std::vector<go::InlinedFunction> all = image.only_inlined();
  std::vector<go::InlinedFunction> found;
  const auto take = [&](const auto& matches) {
    if (found.empty())
      std::copy_if(all.begin(), all.end(), std::back_inserter(found),
                   [&](const go::InlinedFunction& it) { return matches(it.name); });
  };
  take([&](std::string_view it) { return it == name; });
  if (const auto package = package_of(name)) {
    const std::string path = escaped(*package);
    take([&](std::string_view it) { return package_part(it) == path; });
    take([&](std::string_view it) { return package_part(it).ends_with("/" + path); });
  } else if (has_wildcard(name)) {
    take([&](std::string_view it) { return glob_match(name, it); });
    take([&](std::string_view it) { return glob_match("*/" + name, it); });
  } else {
    take([&](std::string_view it) { return ends_with_part(it, name); });
  }
  return found;
}

bool is_meant(const std::string& name, std::string_view function) {
  if (function == name) return true;
  if (const auto package = package_of(name)) {
    const std::string_view part = package_part(function);
    const std::string path = escaped(*package);
    return part == path || part.ends_with("/" + path);
  }
  if (has_wildcard(name)) return glob_match(name, function) || glob_match("*/" + name, function);
  return ends_with_part(function, name);
}

bool matches_any(const std::vector<std::string>& names, std::string_view function) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return is_meant(name, function); });
}

void leave_each_once(const go::Image& image, const std::vector<std::string>& excluded,
                     std::vector<uint32_t>& functions) {
  std::sort(functions.begin(), functions.end());
  functions.erase(std::unique(functions.begin(), functions.end()), functions.end());
  std::erase_if(functions, [&](uint32_t function) {
    return matches_any(excluded, image.functions()[function].name);
  });
}

Result<FoundFunctions> find_all_functions(const go::Image& image,
                                          const std::vector<std::string>& names,
                                          const std::vector<std::string>& excluded,
                                          bool all_of_an_end) {
  FoundFunctions out;
  if (names.empty()) {
    out.functions = all_that(image.functions(), [](std::string_view) { return true; });
    out.only_inlined = image.only_inlined();
  }
  for (const std::string& name : names) {
    TRY(found, functions_with_code(image, name, all_of_an_end));
    out.functions.insert(out.functions.end(), found.begin(), found.end());
    // One that has this very name, or this end, is meant rather than those that are inlined.
    const bool several = has_wildcard(name) || package_of(name) || found.size() > 1;
    if (!found.empty() && !several) continue;
    const auto inlined = find_only_inlined(image, name);
    if (found.empty() && inlined.empty()) return no_function(image, name);
    out.only_inlined.insert(out.only_inlined.end(), inlined.begin(), inlined.end());
  }
  leave_each_once(image, excluded, out.functions);
  std::erase_if(out.only_inlined,
                [&](const go::InlinedFunction& it) { return matches_any(excluded, it.name); });
  return out;
}

}  // namespace gotap::cli
