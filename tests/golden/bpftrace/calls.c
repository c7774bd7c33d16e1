// The traced program of the golden scripts: the same calls in the same order in every run.
// Built with -O0, so that every function is called and its arguments lie in registers.
#include <stdint.h>
#include <unistd.h>

int sum(int a, int b) { return a + b; }
uint64_t wide(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
  return a + b + c + d + e + f;
}
int length(const char *text) {
  int n = 0;
  while (text[n]) n++;
  return n;
}
uint64_t load(const uint64_t *p) { return *p; }
int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
void nothing(void) {}

int main(void) {
  static const uint64_t numbers[] = {7, 1234567890123456789u, UINT64_MAX};
  static const char empty[] = "";
  // What is read by probes must be in memory by then.
  volatile uint64_t total = numbers[0] + empty[0];
  for (int i = 0; i < 4; i++) total += sum(i - 1, 10 * i);
  total += wide(1, 2, 3, 4, 5, 0x123456789abcdefu);
  total += length(empty) + length("hello") + length("a longer text, with a comma");
  for (int i = 0; i < 3; i++) total += load(&numbers[i]);
  total += fib(7);
  for (int i = 0; i < 5; i++) nothing();
  return total == 0 ? 1 : 3;
}
