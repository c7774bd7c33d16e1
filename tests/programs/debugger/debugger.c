// Attaches to a process as a debugger does, says so, and holds on until its standard input ends.
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 2 || ptrace(PTRACE_SEIZE, atoi(argv[1]), 0, 0) != 0) {
    perror("ptrace");
    return 1;
  }
  puts("attached");
  fflush(stdout);
  char byte;
  return read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1;
}
