// libloader: opens the library that is its first argument and calls its counters_main.
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
  void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : 0;
  void (*run)(void) = library ? (void (*)(void))dlsym(library, "counters_main") : 0;
  if (!run) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  run();
  return 0;
}
