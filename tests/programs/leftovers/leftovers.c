// leftovers code PID: whether the code of a process is what its files have; prints the addresses
//   where it is not (a breakpoint: 0xcc) and exits 1.
// leftovers maps NAME: the number of BPF maps in the kernel of that name. Programs hold their
//   maps and links their programs, so without the map there is neither of those that use it.
// Facts: proc(5), bpf(2).
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int compare(const char *pid, int memory, const char *line) {
  unsigned long start, end, offset, inode;
  char mode[8], path[64];
  if (sscanf(line, "%lx-%lx %7s %lx %*s %lu", &start, &end, mode, &offset, &inode) != 5) return 0;
  if (mode[2] != 'x' || inode == 0) return 0;
  snprintf(path, sizeof path, "/proc/%s/map_files/%lx-%lx", pid, start, end);
  int file = open(path, O_RDONLY), differences = 0;
  if (file < 0) {
    perror(path);
    return 1;
  }
  for (unsigned long at = start; at < end; at += 4096) {
    uint8_t in_memory[4096], in_file[4096];
    ssize_t n = pread(file, in_file, sizeof in_file, (off_t)(at - start + offset));
    if (n <= 0) break;
    if (pread(memory, in_memory, (size_t)n, (off_t)at) != n) {
      printf("%lx: cannot be read\n", at);
      differences++;
      continue;
    }
    for (ssize_t i = 0; i < n; i++) {
      if (in_memory[i] == in_file[i]) continue;
      if (differences++ < 20) printf("%lx: %02x, not %02x\n", at + (unsigned long)i, in_memory[i], in_file[i]);
    }
  }
  close(file);
  return differences;
}

static int code(const char *pid) {
  char path[64], *line = NULL;
  size_t size = 0;
  int differences = 0, mappings = 0;
  snprintf(path, sizeof path, "/proc/%s/mem", pid);
  int memory = open(path, O_RDONLY);
  snprintf(path, sizeof path, "/proc/%s/maps", pid);
  FILE *maps = fopen(path, "r");
  if (memory < 0 || !maps) {
    perror(path);
    return 2;
  }
  while (getline(&line, &size, maps) > 0) {
    differences += compare(pid, memory, line);
    mappings++;
  }
  if (mappings == 0) {
    printf("process %s has no memory\n", pid);
    return 2;
  }
  return differences != 0;
}

static long bpf(int command, union bpf_attr *attr) {
  return syscall(SYS_bpf, command, attr, sizeof *attr);
}

static int maps(const char *name) {
  union bpf_attr attr;
  int found = 0;
  uint32_t id = 0;
  for (;;) {
    memset(&attr, 0, sizeof attr);
    attr.start_id = id;
    if (bpf(BPF_MAP_GET_NEXT_ID, &attr) != 0) break;
    id = attr.next_id;
    memset(&attr, 0, sizeof attr);
    attr.map_id = id;
    int fd = (int)bpf(BPF_MAP_GET_FD_BY_ID, &attr);
    if (fd < 0) continue;
    struct bpf_map_info info;
    memset(&info, 0, sizeof info);
    memset(&attr, 0, sizeof attr);
    attr.info.bpf_fd = (uint32_t)fd;
    attr.info.info_len = sizeof info;
    attr.info.info = (uintptr_t)&info;
    if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && strcmp(info.name, name) == 0) found++;
    close(fd);
  }
  printf("%d\n", found);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "code") == 0) return code(argv[2]);
  if (argc == 3 && strcmp(argv[1], "maps") == 0) return maps(argv[2]);
  fprintf(stderr, "usage: leftovers code PID | maps NAME\n");
  return 2;
}
