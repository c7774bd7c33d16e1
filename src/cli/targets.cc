#include "cli/targets.h"

#include <unistd.h>

#include <cstdlib>

namespace gotap::cli {

namespace {

Result<std::string> resolve_program(const std::string& path) {
  if (path.find('/') != std::string::npos) return path;
  const char* search = std::getenv("PATH");
  std::string directories = search ? search : "/usr/local/bin:/usr/bin:/bin";
  for (size_t begin = 0; begin <= directories.size();) {
    size_t end = directories.find(':', begin);
    if (end == std::string::npos) end = directories.size();
    std::string candidate = directories.substr(begin, end - begin) + "/" + path;
    if (end > begin && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  std::string hint;
  if (::access(path.c_str(), R_OK) == 0) hint = "did you mean ./" + path + "?";
  return Error{"no program " + path + " in PATH", hint};
}

}  // namespace

Result<plan::Target> open_target(const std::string& path) {
  TRY(file, resolve_program(path));
  TRY(image, go::Image::open(file));
  return plan::Target{path, image};
}

}  // namespace gotap::cli
