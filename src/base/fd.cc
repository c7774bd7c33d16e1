#include "base/fd.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gotap {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

bool read_at(int fd, uint64_t offset, void* out, size_t size) {
  auto* to = static_cast<uint8_t*>(out);
  while (size > 0) {
    const ssize_t n = ::pread(fd, to, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    offset += static_cast<uint64_t>(n);
    size -= static_cast<size_t>(n);
  }
  return true;
}

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this != &other) {
    if (data_) ::munmap(data_, size_);
    fd_ = std::move(other.fd_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    modified_s_ = other.modified_s_;
    modified_ns_ = other.modified_ns_;
    path_ = std::move(other.path_);
  }
  return *this;
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(data_, size_);
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  MappedFile file;
  file.path_ = path;
  // O_NONBLOCK: opening a FIFO must not hang; the fstat below then refuses it.
  file.fd_ = Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.fd_) {
    if (errno == ENOENT || errno == ENOTDIR) return Error{"no such file: " + path, ""};
    if (errno == EACCES) return Error{"may not read " + path, "run as root, or make it readable"};
    return Error{"cannot open " + path + ": " + std::strerror(errno), ""};
  }
  struct stat st;
  if (::fstat(file.fd_.get(), &st) != 0 || !S_ISREG(st.st_mode))
    return Error{path + " is not a regular file", "name the program's executable file"};
  if (st.st_size == 0) return Error{path + " is empty", ""};
  // Shared: into a private mapping the kernel puts the breakpoints of whoever probes the file.
  void* data = ::mmap(nullptr, st.st_size, PROT_READ, MAP_SHARED, file.fd_.get(), 0);
  if (data == MAP_FAILED) return Error{"cannot map " + path + ": " + std::strerror(errno), ""};
  file.data_ = data;
  file.size_ = st.st_size;
  file.modified_s_ = st.st_mtim.tv_sec;
  file.modified_ns_ = st.st_mtim.tv_nsec;
  return file;
}

bool MappedFile::is_unchanged() const {
  struct stat st;
  return ::fstat(fd_.get(), &st) == 0 && static_cast<size_t>(st.st_size) == size_ &&
         st.st_mtim.tv_sec == modified_s_ && st.st_mtim.tv_nsec == modified_ns_;
}

}  // namespace gotap
