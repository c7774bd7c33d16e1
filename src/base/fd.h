// Fd: an owned file descriptor. MappedFile: a whole file, mapped read-only.
#pragma once

#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace gotap {

/// Owns a file descriptor and closes it. -1 means none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

/// Fills `out` with `size` bytes from `offset` of an opened file; false if there are fewer, or they
/// cannot be read.
bool read_at(int fd, uint64_t offset, void* out, size_t size);

/// A regular file opened and mapped read-only. The descriptor stays open, so that what is
/// attached later is the very file that was read, whatever happens to its path meanwhile.
class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  /// Opens `path`. Errors: no such file, not a regular file, not readable, empty.
  static Result<MappedFile> open(const std::string& path);

  Bytes bytes() const { return {static_cast<const uint8_t*>(data_), size_}; }
  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  /// Whether nobody has written to the file since it was opened, by its size and time stamp.
  bool is_unchanged() const;

 private:
  Fd fd_;
  void* data_ = nullptr;
  size_t size_ = 0;
  int64_t modified_s_ = 0, modified_ns_ = 0;
  std::string path_;
};

}  // namespace gotap
