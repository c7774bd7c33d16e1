// A line on the terminal about what takes longer than half a second before tracing begins.
// Entry points: allow_progress(), Stage.
#pragma once

#include <string>

namespace gotap::cli {

/// Whether stages are shown from now on; they are not unless this is called.
void allow_progress(bool allowed);

/// Something that may take long: `reading /usr/bin/app ...`, once, on standard error, if it lasts
/// beyond the first half second since the first of them began. One at a time. It has SIGALRM and
/// the real-time timer (setitimer(2)) meanwhile: no system call that a signal ends early belongs in
/// it.
class Stage {
 public:
  explicit Stage(const std::string& what);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
};

}  // namespace gotap::cli
