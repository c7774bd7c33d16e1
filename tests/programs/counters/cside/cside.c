// See cside.go.
#include <pthread.h>
#include <stdint.h>

#include "_cgo_export.h"

__attribute__((noinline)) int c_leaf(int x) { return x * 3; }

__attribute__((noinline)) int c_back(int id) { return go_back(id); }

static void *on_thread(void *x) { return (void *)(intptr_t)go_thread((int)(intptr_t)x); }

__attribute__((noinline)) int c_thread(int x) {
  pthread_t thread;
  void *result = 0;
  if (pthread_create(&thread, 0, on_thread, (void *)(intptr_t)x) != 0) return -1;
  pthread_join(thread, &result);
  return (int)(intptr_t)result;
}
