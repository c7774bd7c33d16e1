// Writer: the two descriptors of a sink. Data is gathered and written in large pieces; messages
// at once, behind the data that came before them.
#pragma once

#include <string>

namespace gotap::output {

class Writer {
 public:
  /// The descriptors are not owned.
  Writer(int data_fd, int message_fd);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  /// Data not yet written; append to it.
  std::string& data() { return data_; }
  void flush();
  void flush_if_much();
  /// One message, made safe if a terminal shows it.
  void say(const std::string& line);
  /// False once data could not be written (closed pipe, full disk); that has been said, once.
  bool ok() const { return ok_; }
  bool data_on_terminal() const { return data_on_terminal_; }

 private:
  int data_fd_, message_fd_;
  bool data_on_terminal_, messages_on_terminal_;
  std::string data_;
  bool ok_ = true;
};

}  // namespace gotap::output
