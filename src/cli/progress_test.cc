// What a stage writes when its time is up; the time itself is not waited for.
#include "cli/progress.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace gotap::cli {
namespace {

std::string errors_of(void (*work)()) {
  testing::internal::CaptureStderr();
  work();
  return testing::internal::GetCapturedStderr();
}

TEST(Progress, AStageThatLastsIsNamed) {
  allow_progress(true);
  EXPECT_EQ(errors_of([] {
              const Stage stage("reading /usr/bin/app");
              std::raise(SIGALRM);
            }),
            "reading /usr/bin/app ...\n");
}

TEST(Progress, WhatIsTooLongIsCut) {
  allow_progress(true);
  EXPECT_EQ(errors_of([] {
              const Stage stage(std::string(1000, 'x'));
              std::raise(SIGALRM);
            }),
            std::string(251, 'x') + " ...\n");
}

TEST(Progress, NothingUnlessAllowed) {
  allow_progress(false);
  EXPECT_EQ(errors_of([] {
              const Stage stage("reading /usr/bin/app");
              struct sigaction action;
              sigaction(SIGALRM, nullptr, &action);
              if (action.sa_handler != SIG_DFL) std::raise(SIGALRM);
            }).find("app"),
            std::string::npos);
}

TEST(Progress, NoSignalComesBehindAStage) {
  allow_progress(true);
  { const Stage stage("planning"); }
  EXPECT_EQ(ualarm(0, 0), 0u);
}

}  // namespace
}  // namespace gotap::cli
