// The C program of the article: a function with arguments and a result, and some more for
// comparing with other tracers. Counts its own calls in the caller; prints what it did.
//   sum          one call, sum(2, 3)
//   sum N        N calls of sum(i, 1), then of the others
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sum(int a, int b) {
  return a + b;
}

long deep(long depth) {
  if (depth == 0) return 0;
  return deep(depth - 1) + 1;
}

size_t greet(const char *name, size_t length) {
  return strlen(name) + length;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    printf("sum: %d\n", sum(2, 3));
    return 0;
  }
  long n = atol(argv[1]), total = 0;
  for (long i = 0; i < n; i++) total += sum((int)i, 1);
  total += deep(n);
  total += (long)greet("hello, tracer", 5);
  printf("calls %ld total %ld\n", n, total);
  return 0;
}
