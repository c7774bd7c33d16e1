// Calls work() when told to, by lines on its standard input; prints a line when it has.
//   N       N calls
//   fork N  a forked child makes N calls; N of the child are not N of this process
//   end     it ends
//   vfork N the same in a child that shares this process's memory
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int work(int i) {
  __asm__ volatile("" : "+r"(i));
  return i + 1;
}

static void calls(int n) {
  for (int i = 0; i < n; i++) work(i);
}

int main(void) {
  char line[64];
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  while (fgets(line, sizeof line, stdin)) {
    pid_t child = 0;
    if (strcmp(line, "end\n") == 0) break;
    if (strncmp(line, "fork ", 5) == 0) {
      child = fork();
      if (child == 0) {
        calls(atoi(line + 5));
        _exit(0);
      }
    } else if (strncmp(line, "vfork ", 6) == 0) {
      child = vfork();
      if (child == 0) {
        calls(atoi(line + 6));
        _exit(0);
      }
    } else {
      calls(atoi(line));
    }
    if (child > 0) waitpid(child, NULL, 0);
    puts("done");
  }
  return 0;
}
