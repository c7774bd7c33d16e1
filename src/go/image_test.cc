// Image on real programs: the `go` commands of the toolchains in build/go (every version is
// built by itself), this test (C++), and damaged copies. Skips what is not there.
#include "go/image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/fd.h"
#include "go/versions.h"

namespace gotap::go {
namespace {

std::string toolchain(int minor) {
  return std::string(GOTAP_SOURCE_DIR) + "/build/go/1." + std::to_string(minor) + "/bin/go";
}

class GoProgram : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    path_ = toolchain(GetParam());
    if (!std::filesystem::exists(path_)) GTEST_SKIP() << "no Go toolchain: " << path_;
    // Opened once for all tests of a version.
    static std::map<int, std::shared_ptr<const Image>> opened;
    std::shared_ptr<const Image>& shared = opened[GetParam()];
    if (!shared) {
      auto image = Image::open(path_);
      ASSERT_TRUE(image) << image.error().message;
      shared = *image;
    }
    image_ = shared;
  }
  std::string path_;
  std::shared_ptr<const Image> image_;
};

TEST_P(GoProgram, SaysWhatItIs) {
  EXPECT_TRUE(image_->is_go());
  EXPECT_EQ(image_->go_minor(), GetParam());
  EXPECT_EQ(image_->go_version().rfind("1." + std::to_string(GetParam()), 0), 0u)
      << image_->go_version();
  EXPECT_EQ(image_->version_warning(), "");
  EXPECT_EQ(image_->abi(), GetParam() >= 17 ? Abi::GoRegisters : Abi::GoStack);
  EXPECT_EQ(image_->goid_offset(), GetParam() == 23 || GetParam() == 24 ? 160 : 152);
  EXPECT_LT(image_->tls_offset(), 0);
  EXPECT_FALSE(image_->build_id().empty());
  EXPECT_GE(image_->fd(), 0);
}

// The runtime's own words (runtime/runtime2.go), whose numbers differ between versions.
TEST_P(GoProgram, HasItsWaitReasons) {
  const std::vector<std::string> reasons = image_->wait_reasons();
  ASSERT_GT(reasons.size(), 20u);
  const auto has = [&](const char* reason) {
    return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
  };
  EXPECT_EQ(reasons[0], "");
  EXPECT_EQ(reasons[2], "IO wait");
  for (const char* reason : {"chan receive", "chan send", "select", "sleep", "sync.Cond.Wait",
                             "GC assist wait", "semacquire", "debug call"})
    EXPECT_TRUE(has(reason)) << reason;
  EXPECT_EQ(has("sync.Mutex.Lock"), GetParam() >= 20);
  EXPECT_EQ(has("coroutine"), GetParam() >= 22);
  const auto at = [&](const char* reason) {
    return std::find(reasons.begin(), reasons.end(), reason) - reasons.begin();
  };
  if (GetParam() == 15) EXPECT_EQ(at("sleep"), 19);
  if (GetParam() == 27) EXPECT_EQ(at("sync.Mutex.Lock"), 22);
}

TEST_P(GoProgram, FunctionsAreInOrderAndDisjoint) {
  const std::vector<Function>& functions = image_->functions();
  ASSERT_GT(functions.size(), 5000u);
  for (size_t i = 0; i + 1 < functions.size(); i++) {
    ASSERT_LE(functions[i].entry, functions[i + 1].entry);
    if (functions[i].is_go) {
      ASSERT_LE(functions[i].end, functions[i + 1].entry) << functions[i].name;
    }
  }
}

TEST_P(GoProgram, MainIsFoundWithItsSites) {
  auto found = image_->find("main.main");
  ASSERT_EQ(found.size(), 1u);
  const Function& function = image_->functions()[found[0]];
  EXPECT_EQ(image_->function_at(function.entry), found[0]);
  EXPECT_EQ(image_->function_at(function.end - 1), found[0]);
  EXPECT_FALSE(function.assembly);
  const FunctionSites sites = image_->sites(found[0]);
  ASSERT_TRUE(sites.entry) << sites.entry_refused;
  EXPECT_EQ(sites.entry->form, GetParam() <= 20 ? EntryForm::CheckBranch : EntryForm::Post);
  EXPECT_TRUE(sites.entry->emulated);
  EXPECT_EQ(sites.entry->g, GetParam() <= 16 ? GSource::Rcx : GSource::R14);
  EXPECT_FALSE(sites.rets.empty());
  for (const RetSite& ret : sites.rets) {
    EXPECT_EQ(image_->bytes_at(ret.address, 1)->u8(0), 0xc3);
    EXPECT_TRUE(image_->file_offset(ret.address));
  }
  auto line = image_->line(function.entry);
  ASSERT_TRUE(line);
  EXPECT_NE(line->file.find("cmd/go/main.go"), std::string::npos) << line->file;
  EXPECT_GT(line->line, 10u);
}

TEST_P(GoProgram, BoundariesHoldAllSites) {
  auto found = image_->find("os.OpenFile");
  ASSERT_EQ(found.size(), 1u);
  auto boundaries = image_->boundaries(found[0]);
  ASSERT_TRUE(boundaries) << boundaries.error().message;
  EXPECT_EQ(boundaries->front(), image_->functions()[found[0]].entry);
  EXPECT_TRUE(std::is_sorted(boundaries->begin(), boundaries->end()));
  const FunctionSites sites = image_->sites(found[0]);
  EXPECT_GE(sites.rets.size(), 1u);
  for (const RetSite& ret : sites.rets)
    EXPECT_TRUE(std::binary_search(boundaries->begin(), boundaries->end(), ret.address));
  EXPECT_TRUE(std::binary_search(boundaries->begin(), boundaries->end(), sites.entry->address));
}

TEST_P(GoProgram, WrappersForAssemblyTakeTheStack) {
  // Called from assembly, so it has a wrapper of the same name that turns stack arguments into
  // register arguments.
  auto found = image_->find("runtime.newstack");
  if (GetParam() <= 16) {
    ASSERT_EQ(found.size(), 1u);
    return;
  }
  ASSERT_EQ(found.size(), 2u);
  const Function& one = image_->functions()[found[0]];
  const Function& other = image_->functions()[found[1]];
  EXPECT_NE(one.wrapper, other.wrapper);
  EXPECT_EQ(one.abi, one.wrapper ? Abi::GoStack : Abi::GoRegisters);
  EXPECT_EQ(other.abi, other.wrapper ? Abi::GoStack : Abi::GoRegisters);
}

TEST_P(GoProgram, AssemblyIsTold) {
  auto found = image_->find("runtime.memmove");
  ASSERT_GE(found.size(), 1u);
  EXPECT_TRUE(image_->functions()[found[0]].assembly);
  EXPECT_EQ(image_->functions()[found[0]].abi, Abi::GoStack);
}

TEST_P(GoProgram, FunctionsAreDecided) {
  size_t refused = 0, entries = 0, returns = 0;
  // A few of them: tests/e2e/image-sites-*.sh look at all.
  for (uint32_t i = 0; i < image_->functions().size(); i += 25) {
    if (!image_->functions()[i].is_go) continue;
    const FunctionSites sites = image_->sites(i);
    EXPECT_NE(sites.entry.has_value(), !sites.entry_refused.empty()) << image_->dump(i);
    EXPECT_TRUE(sites.rets.empty() || sites.rets_refused.empty()) << image_->dump(i);
    refused += !sites.rets_refused.empty();
    entries += sites.entry.has_value();
    returns += sites.rets.size();
  }
  EXPECT_LE(refused, 2u) << "only crypto/internal/boring/sig has data in its code";
  EXPECT_GT(entries, 200u);
  EXPECT_GT(returns, 200u);
}

INSTANTIATE_TEST_SUITE_P(Versions, GoProgram, testing::Values(15, 19, 21, 22, 23, 24, 25, 26, 27));

TEST(Image, ACProgram) {
  auto image = Image::open("/proc/self/exe");
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_FALSE((*image)->is_go());
  EXPECT_EQ((*image)->go_minor(), 0);
  EXPECT_EQ((*image)->abi(), Abi::C);
  auto found = (*image)->find("main");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ((*image)->functions()[found[0]].abi, Abi::C);
  const FunctionSites sites = (*image)->sites(found[0]);
  ASSERT_TRUE(sites.entry);
  EXPECT_EQ(sites.entry->g, GSource::None);
  EXPECT_TRUE((*image)->find("no such function").empty());
  EXPECT_FALSE((*image)->line(sites.entry->address));
}

TEST(Image, BadInput) {
  const std::string folder = testing::TempDir();
  auto error_of = [](const std::string& path) {
    auto image = Image::open(path);
    return image ? std::string("opened") : image.error().message;
  };
  EXPECT_NE(error_of(folder + "/does-not-exist"), "opened");
  EXPECT_NE(error_of(folder), "opened");
  std::ofstream(folder + "/script.sh") << "#!/bin/sh\necho a script long enough for a header\n";
  EXPECT_EQ(error_of(folder + "/script.sh"), folder + "/script.sh: not an ELF file");
  EXPECT_EQ((*Image::open("/proc/self/exe"))->sites(0x7fffffff).entry_refused,
            "there is no such function");
  EXPECT_FALSE((*Image::open("/proc/self/exe"))->boundaries(0x7fffffff));
}

TEST_P(GoProgram, InlinedCallsLieInTheirCallers) {
  const std::vector<std::string_view> names = {"strings.HasPrefix", "sync.(*Mutex).Unlock",
                                               "no.such"};
  size_t calls = 0, sites = 0;
  for (const InlinedCopies& copies : image_->inlined_copies(names)) {
    ASSERT_LT(copies.name, 2u);
    const Function& caller = image_->functions().at(copies.function);
    const InlinedSites found = image_->inlined_sites(copies.function, names[copies.name]);
    EXPECT_EQ(found.sites.size() + found.refused.size(), copies.count) << caller.name;
    ASSERT_EQ(found.sites.size(), found.calls.size());
    for (size_t i = 0; i < found.sites.size(); i++) {
      const InlinedCallSite& call = found.calls[i];
      EXPECT_EQ(call.address, found.sites[i].address);
      for (uint64_t address : {call.address, call.body ? call.body : call.address}) {
        EXPECT_GE(address, caller.entry);
        EXPECT_LT(address, caller.end);
      }
    }
    calls += copies.count;
    sites += found.sites.size();
  }
  EXPECT_GT(calls, 200u);
  EXPECT_GT(sites, calls / 3);
  EXPECT_TRUE(image_->inlined_copies({}).empty());
}

TEST_P(GoProgram, RecoveredReturnsAreBehindAllOthers) {
  size_t certain = 0, unknown = 0;
  for (uint32_t i = 0; i < image_->functions().size(); i += 7) {
    const FunctionSites found = image_->sites(i);
    for (size_t n = 0; n < found.rets.size(); n++) {
      unknown += found.rets[n].recovery == Recovery::Unknown;
      if (found.rets[n].recovery != Recovery::Yes) continue;
      certain++;
      EXPECT_EQ(n + 1, found.rets.size()) << image_->functions()[i].name;
    }
  }
  EXPECT_GT(certain, 10u);
  EXPECT_GT(unknown, 0u);
}

/// A copy of a Go program in memory, to be damaged.
class Damaged : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = toolchain(24);
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no Go toolchain: " << path;
    auto file = MappedFile::open(path);
    ASSERT_TRUE(file);
    copy_.assign(file->bytes().begin(), file->bytes().end());
    const uint8_t magic[] = {0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8};
    auto at = std::search(copy_.begin(), copy_.end(), std::begin(magic), std::end(magic));
    ASSERT_NE(at, copy_.end());
    table_ = static_cast<size_t>(at - copy_.begin());
  }
  std::string error() const {
    auto image = Image::from_bytes(Bytes(copy_.data(), copy_.size()), "copy");
    return image ? "" : image.error().message;
  }
  /// Its magic; the version is a string 32 bytes behind it.
  uint8_t* build_info() {
    const uint8_t magic[] = {0xff, ' ', 'G', 'o', ' ', 'b', 'u', 'i', 'l', 'd', 'i', 'n', 'f', ':'};
    return &*std::search(copy_.begin(), copy_.end(), std::begin(magic), std::end(magic));
  }
  std::vector<uint8_t> copy_;
  size_t table_ = 0;
};

TEST_F(Damaged, WholeItIsRead) { EXPECT_EQ(error(), ""); }

TEST_F(Damaged, UnknownTable) {
  copy_[table_] = 0xee;
  EXPECT_EQ(error(), "copy: its table of Go functions (.gopclntab) cannot be read");
}

TEST_F(Damaged, MoreFunctionsThanTheFileHolds) {
  copy_[table_ + 10] = 0xff;
  EXPECT_EQ(error(), "copy: its table of Go functions (.gopclntab) cannot be read");
}

TEST_F(Damaged, EntriesOutOfOrder) {
  uint64_t functab;
  std::memcpy(&functab, &copy_[table_ + 64], 8);
  copy_[table_ + functab + 8 * 100 + 3] = 0x7f;
  EXPECT_EQ(error(), "copy: its table of Go functions is damaged");
}

TEST_F(Damaged, CutAnywhere) {
  for (size_t size : {size_t{100}, copy_.size() / 3, copy_.size() / 2, copy_.size() - 1}) {
    auto image = Image::from_bytes(Bytes(copy_.data(), size), "copy");
    ASSERT_FALSE(image) << size;
    EXPECT_NE(image.error().message.find("truncated"), std::string::npos) << image.error().message;
  }
}

TEST_F(Damaged, WithoutSectionHeaders) {
  // As after `sstrip`: the tables are found by their marks.
  std::memset(&copy_[40], 0, 8);
  auto image = Image::from_bytes(Bytes(copy_.data(), copy_.size()), "copy");
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_TRUE((*image)->is_go());
  EXPECT_EQ((*image)->go_minor(), 24);
  EXPECT_EQ((*image)->find("main.main").size(), 1u);
}

// Its entries and returns are proven by decoding; where its goroutines keep their ids is not.
TEST_F(Damaged, AVersionOfTheFuture) {
  std::memcpy(build_info() + 33, "go1.99", 6);
  auto image = Image::from_bytes(Bytes(copy_.data(), copy_.size()), "copy");
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ((*image)->go_minor(), 99);
  EXPECT_EQ((*image)->goid_offset(), 0);
  EXPECT_EQ(
      (*image)->version_warning(),
      "built by Go 1.99, newer than what is known here (1.27): there is no goid, and argN and "
      "retval are taken from where Go 1.27 has them");
  const FunctionSites sites = (*image)->sites((*image)->find("main.main").at(0));
  EXPECT_TRUE(sites.entry && sites.entry->form == EntryForm::Post);
}

TEST_F(Damaged, NoBuildInformation) {
  *build_info() = 0;
  auto image = Image::from_bytes(Bytes(copy_.data(), copy_.size()), "copy");
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ((*image)->goid_offset(), 0);
  EXPECT_EQ(
      (*image)->version_warning(),
      "its Go version is not known: there is no goid, and argN and retval are taken from where "
      "Go 1.20 has them");
}

TEST(Versions, BeyondTheKnown) {
  EXPECT_EQ(version_facts(14).minor, 15);
  EXPECT_EQ(version_facts(0).minor, 15);
  EXPECT_EQ(version_facts(1000).minor, kNewestMinor);
  for (int minor = kOldestMinor; minor <= kNewestMinor; minor++)
    EXPECT_EQ(version_facts(minor).minor, minor);
  EXPECT_EQ(version_facts(14).goid_offset, 0);
  EXPECT_EQ(version_facts(kNewestMinor + 1).goid_offset, 0);
}

}  // namespace
}  // namespace gotap::go
