// Writer: the two descriptors of a sink. Data is gathered and written in large pieces; messages
// at once, behind the data that came before them.
#pragma once

#include <cstdint>
#include <string>

namespace gotap::output {

/// When data is written.
enum class Buffering : uint8_t {
  Gathered,  ///< when flush() is called, or much has gathered
  Line,      ///< at the end of each line
  None,      ///< at once
  Full,      ///< only when much has gathered, or all is over
};

/// What every sink is told. The descriptors are not owned.
struct SinkOptions {
  int data_fd = 1;
  int message_fd = 2;
  bool quiet = false;  ///< -q: no "Attached N probes", no notes; losses are always said
  Buffering buffering = Buffering::Gathered;
  /// Control bytes of the traced program's texts are escaped in files and pipes, too, where a line
  /// or a row is to be one.
  bool escape = false;
  /// Gets a line `__BPFTRACE_NOTIFY_PROBES_ATTACHED` once the probes are attached: what
  /// bpftrace's own test suite waits for. -1: nobody.
  int notify_fd = -1;
};

class Writer {
 public:
  explicit Writer(const SinkOptions& options);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  /// Data not yet written; append to it.
  std::string& data() { return data_; }
  /// Asks for all of it to be written: whenever the program has nothing else to do.
  void flush();
  /// Behind each event.
  void written();
  /// The probes are attached: told to notify_fd.
  void notify_attached();
  /// Nothing but the last maps follows: from now on flush() writes with Buffering::Full too.
  void ending() { ending_ = true; }
  /// One message, made safe if a terminal shows it.
  void say(const std::string& line);
  /// False once data could not be written (closed pipe, full disk); that has been said, once.
  bool ok() const { return ok_; }
  bool data_on_terminal() const { return data_on_terminal_; }

 private:
  void write_out(size_t size);

  SinkOptions options_;
  bool data_on_terminal_, messages_on_terminal_;
  std::string data_;
  bool ok_ = true, ending_ = false;
};

}  // namespace gotap::output
