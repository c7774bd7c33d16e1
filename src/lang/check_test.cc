// The checker's tests: scripts and their typed programs. Mistakes are in diag_test.cc.
#include "lang/check.h"

#include <gtest/gtest.h>

#include "lang/builtins.h"
#include "lang/facts_test.h"
#include "lang/parser.h"

namespace gotap::lang {
namespace {

struct Row {
  const char* script;
  const char* program;
};

// clang-format off
const Row kRows[] = {
    {R"~(BEGIN { $x = 1 + 2 * 3 - 4 / pid % 5; })~",
     R"~(BEGIN
  var $x: int64
  $x = (7:int64 - cast(((4:uint64 / cast(pid:uint32):uint64):uint64 % 5:uint64):uint64):int64):int64
)~"},
    {R"~(BEGIN { $x = pid | 1 ^ 2 & 3 == 4 < 5 << 6 + 7 - 8; })~",
     R"~(BEGIN
  var $x: int64
  $x = (cast(pid:uint32):int64 | (1:int64 ^ (2:int64 & cast((3:int64 == cast((4:int64 < 160:int64):bool):int64):bool):int64):int64):int64):int64
)~"},
    {R"~(BEGIN { $x = pid || 1 && 2; $y = !pid == ~1; })~",
     R"~(BEGIN
  var $x: bool
  var $y: bool
  $x = (pid:uint32 || (1:int64 && 2:int64):bool):bool
  $y = (cast((!pid:uint32):bool):int64 == -2:int64):bool
)~"},
    {R"~(BEGIN { $x = pid ? 1 : tid ? 2 : 3; $y = pid ?: 4; })~",
     R"~(BEGIN
  var $x: int64
  var $y: uint64
  $x = (pid:uint32 ? 1:int64 : (tid:uint32 ? 2:int64 : 3:int64):int64):int64
  $y = (pid:uint32 ? cast(pid:uint32):uint64 : 4:uint64):uint64
)~"},
    {R"~(BEGIN { $x = (uint64)1 + 2; $y = (int32)pid * 2; $z = *(uint64*)nsecs + 1; })~",
     R"~(BEGIN
  var $x: uint64
  var $y: int64
  var $z: uint64
  $x = (cast(1:int64):uint64 + 2:uint64):uint64
  $y = (cast(cast(pid:uint32):int32):int64 * 2:int64):int64
  $z = (*cast(nsecs:uint64):uint64 *:uint64 + 1:uint64):uint64
)~"},
    {R"~(BEGIN { $x = -1 - -2; $x--; --$x; $x++; })~",
     R"~(BEGIN
  var $x: int64
  $x = 1:int64
  ($x:int64--):int64
  (--$x:int64):int64
  ($x:int64++):int64
)~"},
    {R"~(BEGIN { $x = 0x10 + 010 + 1e3 + 1_000 + 100ms + 5us + 1UL + 2ull; })~",
     R"~(BEGIN
  var $x: int64
  $x = 100007027:int64
)~"},
    {R"~(BEGIN { $x = "a\tb\n\\\"\x41\101"; })~",
     R"~(BEGIN
  var $x: string[8]
  $x = "a\tb\n\\\"AA":string[8]
)~"},
    {R"~(BEGIN { @a += 1; @b -= 1; @c *= 2; @d /= 2; @e %= 2; @f <<= 1; @g >>= 1; @h &= 1; @i |= 1; @j ^= 1; })~",
     R"~(map @a: int64
map @b: int64
map @c: int64
map @d: int64
map @e: int64
map @f: uint64
map @g: uint64
map @h: int64
map @i: int64
map @j: int64
BEGIN
  @a += 1:int64
  @b -= 1:int64
  @c = (@c:int64 * 2:int64):int64
  @d = (@d:int64 / 2:int64):int64
  @e = (@e:int64 % 2:int64):int64
  @f = (@f:uint64 << 1:uint64):uint64
  @g = (@g:uint64 >> 1:uint64):uint64
  @h = (@h:int64 & 1:int64):int64
  @i = (@i:int64 | 1:int64):int64
  @j = (@j:int64 ^ 1:int64):int64
)~"},
    {R"~(u:./demo:main.handle /args.req.Size > 1024 && args.key == "a" && args.ok/ { @[args.key] = count(); })~",
     R"~(map @[string[1024]]: count_t
uprobe:"./demo":"main.handle"
  / (((cast(args.req.Size:int32):int64 > 1024:int64):bool && (args.key:string[1024] == "a":string[8]):bool):bool && args.ok:bool):bool /
  @[args.key:string[1024]] = count_t()
)~"},
    {R"~(ur:./demo:main.handle /retval.err != nil && duration > 10ms/ { printf("%d\n", retval.res); })~",
     R"~(uretprobe:"./demo":"main.handle"
  uses duration
  / ((word(retval.err):uint64 != 0:uint64):bool && (duration:uint64 > 10000000:uint64):bool):bool /
  printf("%d\n", retval.res:int64)
)~"},
    {R"~(u:./demo:main.handle { printf("%f %s %d %d\n", args.ratio, args.key[:3], len(args.key), cap(args.req.Value)); })~",
     R"~(uprobe:"./demo":"main.handle"
  printf("%f %s %d %d\n", args.ratio:float64, args.key[:3]:string[8], len(args.key):int64, cap(args.req.Value):int64)
)~"},
    {R"~(u:./demo:main.handle { printf("%v %v %v", args.req, args.req.Tags, pid); print(args); print(args.req); print(args.n); })~",
     R"~(uprobe:"./demo":"main.handle"
  printf("%v %v %v", whole(args.req):value, whole(args.req.Tags):value, pid:uint32)
  print(whole(args):value)
  print(whole(args.req):value)
  print(args.n:int32)
)~"},
    {R"~(ur:./demo:main.handle,ur:./demo:main.pair { print(retval); printf("%v", retval); })~",
     R"~(uretprobe:"./demo":"main.handle"
uretprobe:"./demo":"main.pair"
  print(whole(retval):value)
  printf("%v", whole(retval):value)
)~"},
    {R"~(u:./demo:main.handle { printf("%s %r %s", str(args.req.Value), buf(args.req.Hash[4:8]), str(args.key, 5)); print(args.key); })~",
     R"~(uprobe:"./demo":"main.handle"
  printf("%s %r %s", args.req.Value:string[1024], args.req.Hash[4:8]:buffer[8], args.key[:5]:string[8])
  print(args.key:string[1024])
)~"},
    {R"~(u:./demo:main.pair { printf("%s", args.color); @[args.color, 1] = count(); $x = args.p.Name; print(args.list[$x == "a"].Key); })~",
     R"~(constants #1: main.Red=1 main.Green=2
map @[int64, int64]: count_t
uprobe:"./demo":"main.pair"
  var $x: string[1024]
  printf("%s", args.color:int64#1)
  @[args.color:int64#1, 1:int64] = count_t()
  $x = args.p.Name:string[1024]
  print(args.list[?].Key{cast(($x:string[1024] == "a":string[8]):bool):uint64}:string[1024])
)~"},
    {R"~(ur:./demo:main.handle /args.n > 0 && retval.err != nil && duration > 10ms/ { printf("%s %d %s\n", args.key, retval.res, retval.err); })~",
     R"~(uretprobe:"./demo":"main.handle"
  uses duration
  / (((cast(entry(args.n):int32):int64 > 0:int64):bool && (word(retval.err):uint64 != 0:uint64):bool):bool && (duration:uint64 > 10000000:uint64):bool):bool /
  printf("%s %d %s\n", entry(args.key):string[1024], retval.res:int64, retval.err:error)
)~"},
    {R"~(u:./demo:main.bytes { @[args.err] = count(); @t = typeof(args.any); $e = args.err; printf("%s %s", $e, typeof(args.err)); })~",
     R"~(map @[error]: count_t
map @t: gotype_t
uprobe:"./demo":"main.bytes"
  var $e: error
  @[args.err:error] = count_t()
  @t = typeof(args.any):gotype_t
  $e = args.err:error
  printf("%s %s", $e:error, typeof(args.err):gotype_t)
)~"},
    {R"~(ur:./demo:main.wide { print(retval); @[retval[0]] = sum(args.n); })~",
     R"~(map @[uint64]: sum_t
uretprobe:"./demo":"main.wide"
  uses duration
  print(retval:string[1024])
  @[cast(retval[0]:uint8):uint64] = sum_t(entry(args.n):int64)
)~"},
    {R"~(ur:./demo:main.one { print(retval.Size); @ = retval; if (retval == nil) { exit(); } })~",
     R"~(map @: uint8 *
uretprobe:"./demo":"main.one"
  print(retval.Size:int32)
  @ = retval:uint8 *
  if (word(retval):uint64 == 0:uint64):bool
    exit()
)~"},
    {R"~(ur:./demo:main.wide { print(retval); @[retval[0]] = count(); })~",
     R"~(map @[uint64]: count_t
uretprobe:"./demo":"main.wide"
  print(retval:string[1024])
  @[cast(retval[0]:uint8):uint64] = count_t()
)~"},
    {R"~(ur:./demo:main.unknown { print(retval); })~",
     R"~(uretprobe:"./demo":"main.unknown"
  print(retval:uint64)
)~"},
    {R"~(ur:./demo:main.one,ur:./demo:main.unknown { print(retval); })~",
     R"~(uretprobe:"./demo":"main.one"
uretprobe:"./demo":"main.unknown"
  print(retval:uint64)
)~"},
    {R"~(ur:./demo:main.handle { print(retval); })~",
     R"~(uretprobe:"./demo":"main.handle"
  print(whole(retval):value)
)~"},
    {R"~(u:./demo:main.wide { $p = args.p; print(*args.p); print(*$p); print(args.fp); print(args.ptr == 0); })~",
     R"~(uprobe:"./demo":"main.wide"
  var $p: int16 *
  $p = args.p:int16 *
  print((*args.p):int16)
  print(*$p:int16 *:int16)
  print(whole(args.fp):value)
  print((cast(args.ptr:uint8 *):uint64 == 0:uint64):bool)
)~"},
    {R"~(u:./demo@main.go:7 /local.req.Key == "a"/ { print(local.n + 1); print(len(local.key)); print(local.gone); })~",
     R"~(uprobe:"./demo"@"main.go":7
  / (local.req.Key:string[1024] == "a":string[8]):bool /
  print((cast(local.n:int32):int64 + 1:int64):int64)
  print(len(local.key):int64)
  print(local.gone:int32)
)~"},
    {R"~(u:./demo:main.closure.func1 { print(captured.count + 1); print(global("main.count")); print(global("main.config").Key); print(label("user")); })~",
     R"~(uprobe:"./demo":"main.closure.func1"
  print((captured.count:int64 + 1:int64):int64)
  print(global("main.count"):int64)
  print(global("main.config").Key:string[1024])
  print(label("user"):string[1024])
)~"},
    {R"~(u:./demo:main.handle,u:./demo:main.bytes { print(args.n); })~",
     R"~(uprobe:"./demo":"main.handle"
uprobe:"./demo":"main.bytes"
  print(args.n:int64)
)~"},
    {R"~(u:./demo:main.handle,u:./demo:main.wide,u:./demo:main.unknown { print(args.key); print(args.n); })~",
     R"~(uprobe:"./demo":"main.handle"
uprobe:"./demo":"main.wide"
uprobe:"./demo":"main.unknown"
  print(args.key:string[1024])
  print(args.n:int64)
)~"},
    {R"~(u:./demo:main.handle { print(args.req.Err.(*main.MyError).Msg); print(len(args.req.Labels)); print((*args.req).Deep); print(args.0.Key[1]); })~",
     R"~(uprobe:"./demo":"main.handle"
  print(args.req.Err.(*main.MyError).Msg:string[1024])
  print(len(args.req.Labels):int64)
  print((*args.req).Deep:int64)
  print(args.0.Key[1]:uint8)
)~"},
    {R"~(begin,END,i:s:1,interval:100ms { return; })~",
     R"~(BEGIN
END
interval:1000000000ns
interval:100000000ns
  return
)~"},
    {R"~(uprobe:"/a b/c":"main.f, x"+0x10 { })~",
     R"~(uprobe:"/a b/c":"main.f, x"+16
)~"},
    {R"~(uprobe:./b:main.(*T).M-fm,uprobe:./b:type..eq.[2]string { })~",
     R"~(uprobe:"./b":"main.(*T).M-fm"
uprobe:"./b":"type..eq.[2]string"
)~"},
    {R"~(uprobe:./b:main.f* /pid == 1/ { })~",
     R"~(uprobe:"./b":"main.f*"
  / (cast(pid:uint32):uint64 == 1:uint64):bool /
)~"},
    {R"~(UPROBE:./b:0x4a3f00 { })~",
     R"~(uprobe:"./b":0x4a3f00
)~"},
    {R"~(u:./b:main.f+0 /arg0 / 2 == 1 / { /* c */ } // end)~",
     R"~(uprobe:"./b":"main.f"+0
  / ((arg0:uint64 / 2:uint64):uint64 == 1:uint64):bool /
)~"},
    {R"~(BEGIN { if (pid == 1) { exit(1) } else if tid > 2 { exit() } else { print("x") } })~",
     R"~(BEGIN
  if (cast(pid:uint32):uint64 == 1:uint64):bool
    exit(1:int64)
  else
    if (cast(tid:uint32):uint64 > 2:uint64):bool
      exit()
    else
      print("x":string[8])
)~"},
    {R"~(BEGIN { @[1, "a"] = 1; delete(@, (1, "b")); delete(@[2, "c"]); @m[(1, 2)] = 3; })~",
     R"~(map @[int64, string[8]]: int64
map @m[int64, int64]: int64
BEGIN
  @[1:int64, "a":string[8]] = 1:int64
  delete(@[1:int64, "b":string[8]]:int64)
  delete(@[2:int64, "c":string[8]]:int64)
  @m[1:int64, 2:int64] = 3:int64
)~"},
    {R"~(BEGIN { $x = pid(); $y = nsecs(); $t = true; $f = false; })~",
     R"~(BEGIN
  var $x: uint64
  var $y: uint64
  var $t: bool
  var $f: bool
  $x = cast(pid:uint32):uint64
  $y = nsecs:uint64
  $t = true:bool
  $f = false:bool
)~"},
    {R"~(uprobe:./go:main.f { @start[tid] = nsecs; } uretprobe:./go:main.f /@start[tid]/ { @us = hist((nsecs - @start[tid]) / 1000); delete(@start, tid); })~",
     R"~(map @start[uint64]: uint64
map @us: hist_t
uprobe:"./go":"main.f"
  @start[cast(tid:uint32):uint64] = nsecs:uint64
uretprobe:"./go":"main.f"
  / @start[cast(tid:uint32):uint64]:uint64 /
  @us = hist_t(((cast(nsecs:uint64):int64 - cast(@start[cast(tid:uint32):uint64]:uint64):int64):int64 / 1000:int64):int64)
  delete(@start[cast(tid:uint32):uint64]:uint64)
)~"},
    // A narrow unsigned number goes with either sign.
    {R"~(BEGIN { $a = (uint8)5; $b = (int64)-3; $c = $a > $b; $d = nsecs > $a; })~",
     R"~(BEGIN
  var $a: uint64
  var $b: int64
  var $c: bool
  var $d: bool
  $a = cast(cast(5:int64):uint8):uint64
  $b = cast(-3:int64):int64
  $c = (cast($a:uint64):int64 > $b:int64):bool
  $d = (nsecs:uint64 > $a:uint64):bool
)~"},
    {R"~(uretprobe:./go:main.f { @ = hist(duration / 1000, 2); @l = lhist(duration, -10, 90, 10); @a[goid] = avg(retval); })~",
     R"~(map @: hist_t(bits 2)
map @l: lhist_t(-10 to 90 by 10)
map @a[uint64]: uavg_t
uretprobe:"./go":"main.f"
  uses duration
  @ = hist_t((duration:uint64 / 1000:uint64):uint64)
  @l = lhist_t(duration:uint64)
  @a[goid:uint64] = uavg_t(retval:uint64)
)~"},
    {R"~(uprobe:./go:main.f /outermost/ { @[goid(arg0), wait_name(arg1)] = count(); })~",
     R"~(map @[uint64, wait_t]: count_t
uprobe:"./go":"main.f"
  uses duration
  / outermost:bool /
  @[goid(arg0:uint64):uint64, wait_name(cast(arg1:uint64):int64):wait_t] = count_t()
)~"},
    {R"~(uprobe:./go:main.f { @[goid] = depth; })~",
     R"~(map @[uint64]: uint64
uprobe:"./go":"main.f"
  @[goid:uint64] = depth:uint64
)~"},
    {R"~(uprobe:./old:main.f { printf("%d %s %-10s %5d %*d %%\n", sarg0, str(arg1, arg2), comm, pid, 5, reg("sp")); })~",
     R"~(uprobe:"./old":"main.f"
  printf("%d %s %-10s %5d %*d %%\n", sarg0:uint64, str(arg1:uint64, arg2:uint64):string[1024], comm:string[16], pid:uint32, 5:int64, reg(sp):uint64)
)~"},
    {R"~(uprobe:./go:main.f { printf("%s %s %p", probe, func, arg0); @[func, probe] = count(); })~",
     R"~(map @[func, probe]: count_t
uprobe:"./go":"main.f"
  printf("%s %s %p", probe:probe, func:func, arg0:uint64)
  @[func:func, probe:probe] = count_t()
)~"},
    {R"~(BEGIN { print(@x); } uprobe:./go:main.f { @x = @y; } END { @y = nsecs; })~",
     R"~(map @x: uint64
map @y: uint64
BEGIN
  print(&@x:uint64)
uprobe:"./go":"main.f"
  @x = @y:uint64
END
  @y = nsecs:uint64
)~"},
    {R"~(BEGIN { @s = "abc"; @s = comm; @k["a"] = 1; @k[comm] = 2; })~",
     R"~(map @s: string[16]
map @k[string[16]]: int64
BEGIN
  @s = "abc":string[8]
  @s = comm:string[16]
  @k["a":string[8]] = 1:int64
  @k[comm:string[16]] = 2:int64
)~"},
    {R"~(BEGIN { @s = "abc"; } uprobe:./go:main.f { @s = str(arg0); $l = str(arg0, 5); $l = "0123456789"; })~",
     R"~(map @s: string[1024]
BEGIN
  @s = "abc":string[8]
uprobe:"./go":"main.f"
  var $l: string[16]
  @s = str(arg0:uint64):string[1024]
  $l = str(arg0:uint64, 5:uint64):string[8]
  $l = "0123456789":string[16]
)~"},
    {R"~(BEGIN { @n = 1; @n = -1; @u = 1; @u = nsecs; @v = nsecs; @v = -1; })~",
     R"~(map @n: int64
map @u: uint64
map @v: int64
BEGIN
  @n = 1:int64
  @n = -1:int64
  @u = 1:uint64
  @u = nsecs:uint64
  @v = cast(nsecs:uint64):int64
  @v = -1:int64
)~"},
    {R"~(BEGIN { $d = nsecs - elapsed; if ($d > 5) { } if (nsecs - elapsed > nsecs) { } })~",
     R"~(BEGIN
  var $d: int64
  $d = (cast(nsecs:uint64):int64 - cast(elapsed:uint64):int64):int64
  if ($d:int64 > 5:int64):bool
  if ((cast(nsecs:uint64):int64 - cast(elapsed:uint64):int64):int64 > cast(nsecs:uint64):int64):bool
)~"},
    {R"~(BEGIN { $p = (uint32*)nsecs; $x = *$p + $p[2]; $q = $p + 3; $e = $p == 5; })~",
     R"~(BEGIN
  var $p: uint32 *
  var $x: uint64
  var $q: uint32 *
  var $e: bool
  $p = cast(nsecs:uint64):uint32 *
  $x = (cast(*$p:uint32 *:uint32):uint64 + cast(*cast((cast($p:uint32 *):uint64 + 8:uint64):uint64):uint32 *:uint32):uint64):uint64
  $q = cast((cast($p:uint32 *):uint64 + 12:uint64):uint64):uint32 *
  $e = (cast($p:uint32 *):uint64 == 5:uint64):bool
)~"},
    {R"~(BEGIN { pid > 1 ? printf("a") : printf("b"); })~",
     R"~(BEGIN
  if (cast(pid:uint32):uint64 > 1:uint64):bool
    printf("a")
  else
    printf("b")
)~"},
    {R"~(BEGIN { $x = 1; if (1) { $x = nsecs; $y = 2; } else { $y = "a"; } })~",
     R"~(BEGIN
  var $x: uint64
  var $y: int64
  var $y: string[8]
  $x = 1:uint64
  if 1:int64
    $x = nsecs:uint64
    $y = 2:int64
  else
    $y = "a":string[8]
)~"},
    {R"~(BEGIN { @a = 1; print(@a); print(@a, 3, 2); print(pid); print("x"); print(@a + 1); @h[1] = hist(2); print(@h[1]); clear(@a); zero(@h); time(); time("%H"); })~",
     R"~(map @a: int64
map @h[int64]: hist_t
BEGIN
  @a = 1:int64
  print(&@a:int64)
  print(&@a:int64, 3:int64, 2:int64)
  print(pid:uint32)
  print("x":string[8])
  print((@a:int64 + 1:int64):int64)
  @h[1:int64] = hist_t(2:int64)
  print(@h[1:int64]:hist_t)
  clear(&@a:int64)
  zero(&@h:hist_t)
  time("%H:%M:%S\n")
  time("%H")
)~"},
    {R"~(BEGIN { $x = 1 << 63; $y = 1 << pid; $z = 3 & ~1; $b = pid > 1; $b = false; })~",
     R"~(BEGIN
  var $x: uint64
  var $y: uint64
  var $z: int64
  var $b: bool
  $x = 9223372036854775808:uint64
  $y = (1:uint64 << cast(pid:uint32):uint64):uint64
  $z = 2:int64
  $b = (cast(pid:uint32):uint64 > 1:uint64):bool
  $b = false:bool
)~"},
    {R"~(BEGIN { @x[@i++] = ++@j; @i--; $s = pid == 1 ? "a" : comm; $c = comm == "a" && "b" != comm; })~",
     R"~(map @x[int64]: int64
map @j: int64
map @i: int64
BEGIN
  var $s: string[16]
  var $c: bool
  @x[(@i:int64++):int64] = (++@j:int64):int64
  (@i:int64--):int64
  $s = ((cast(pid:uint32):uint64 == 1:uint64):bool ? "a":string[8] : comm:string[16]):string[16]
  $c = ((comm:string[16] == "a":string[8]):bool && ("b":string[8] != comm:string[16]):bool):bool
)~"},
    {R"~(BEGIN { @m = min(pid); @m = min(-1); @x = max(nsecs); @s = sum(5); @c = count(); })~",
     R"~(map @m: min_t
map @x: umax_t
map @s: sum_t
map @c: count_t
BEGIN
  @m = min_t(cast(pid:uint32):uint64)
  @m = min_t(-1:int64)
  @x = umax_t(nsecs:uint64)
  @s = sum_t(5:int64)
  @c = count_t()
)~"},
    {R"~(BEGIN { @a[1] = 1; @b[2, 3] = 2; delete(@a[1], @b[2, 3]); })~",
     R"~(map @a[int64]: int64
map @b[int64, int64]: int64
BEGIN
  @a[1:int64] = 1:int64
  @b[2:int64, 3:int64] = 2:int64
  delete(@a[1:int64]:int64)
  delete(@b[2:int64, 3:int64]:int64)
)~"},
};
// clang-format on

TEST(Check, Programs) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.script);
    Source source{"test", row.script};
    Parsed parsed = parse(source);
    ASSERT_EQ(render(parsed.diagnostics, source), "");
    Checked checked = check(parsed.script, test_facts);
    EXPECT_EQ(render(checked.diagnostics, source), "");
    EXPECT_EQ(dump(checked.program), row.program);
  }
}

// Every program of the article that gotap's acceptance names, only file names adapted.
const char* const kArticle[] = {
    R"(#!/usr/bin/env bpftrace

uprobe:./c:"sum"
{
    printf("args: %d + %d\n", arg0, arg1);
}

uretprobe:./c:"sum"
{
    printf("result: %d\n", reg("ax"));
}
)",
    R"(#!/usr/bin/env bpftrace

uprobe:./old:"main.swap"
{
    printf("swapping \"%s\" and \"%s\"\n",
        str(sarg0, sarg1), str(sarg2, sarg3));
}

uprobe:./old:"main.swap"+40
{
    printf("results: \"%s\" and \"%s\"\n",
        str(*(reg("sp")+0x28), *(reg("sp")+0x30)),
        str(*(reg("sp")+0x38), *(reg("sp")+0x40))
        )
}
)",
    R"(#!/usr/bin/env bpftrace
/*
Get Nomad FSM.Apply latency
Note: using sarg with offsets isn't really concurrency safe and emits a warning
*/

uprobe:./old:"github.com/hashicorp/nomad/nomad.(*nomadFSM).Apply"
{
  @start[str(*sarg1)] = nsecs;
}

uprobe:./old:"github.com/hashicorp/nomad/nomad.(*nomadFSM).Apply"+0x1d3
{
  @usecs = hist((nsecs - @start[str(*sarg1)]) / 1000);
  delete(@start[str(*sarg1)]);
}
)",
    R"(#!/usr/bin/env bpftrace

uprobe:./go:"main.swap"
{
    printf("swapping \"%s\" and \"%s\"\n",
      str(reg("ax")), str(reg("cx")));
}

uretprobe:./go:"main.swap"
{
    printf("results: \"%s\" and \"%s\"\n",
      str(reg("ax")), str(reg("cx")));
}
)",
    R"(#!/usr/bin/env bpftrace

uretprobe:./go:"main.stacker"
{
    printf("result: \"%s\"\n", str(reg("ax")));
}
)",
    R"(#!/usr/bin/env bpftrace

uprobe:./go:"main.stacker"+213
{
    printf("result: \"%s\"\n", str(reg("ax")));
}
)",
};

TEST(Check, TheArticle) {
  for (const char* script : kArticle) {
    Source source{"article.bt", script};
    Parsed parsed = parse(source);
    EXPECT_EQ(render(parsed.diagnostics, source), "");
    Checked checked = check(parsed.script, test_facts);
    EXPECT_EQ(render(checked.diagnostics, source), "");
    EXPECT_FALSE(checked.program.clauses.empty());
  }
}

TEST(Check, AsksOnceAProbe) {
  int asked = 0;
  Parsed parsed = parse({"test", "BEGIN,END,u:./a:f,u:./b:g { @x = @y; @y = nsecs; }"});
  check(parsed.script, [&](const ProbeSpec&) {
    asked++;
    return std::nullopt;
  });
  EXPECT_EQ(asked, 2);
}

// A binary that could not be opened has been reported: the script is checked all the same.
TEST(Check, UnknownTargetForgives) {
  Parsed parsed = parse({"test", "ur:./a:f { $x = goid + duration + retval + arg20; }"});
  Checked checked = check(parsed.script, [](const ProbeSpec&) { return std::nullopt; });
  EXPECT_TRUE(checked.diagnostics.empty());
  EXPECT_TRUE(checked.program.clauses.at(0).uses_duration);
}

TEST(Check, Options) {
  Parsed parsed = parse({"test", "u:./a:f { @x = str(arg0); }"});
  CheckOptions options;
  options.settings.max_strlen = 64;
  options.settings.max_map_keys = 7;
  Checked checked = check(parsed.script, test_facts, options);
  EXPECT_EQ(checked.program.max_strlen, 64u);
  EXPECT_EQ(checked.program.max_map_keys, 7u);
  EXPECT_EQ(checked.program.maps.at(0).value.capacity, 64u);
}

// A chain of maps that define each other from the last to the first takes a round a map.
TEST(Check, LongChainsSettle) {
  std::string script = "BEGIN { ";
  for (int i = 0; i < 100; i++)
    script += "@m" + std::to_string(i) + " = @m" + std::to_string(i + 1) + "; ";
  script += "@m100 = \"a\"; }";
  Parsed parsed = parse({"test", script});
  Checked checked = check(parsed.script, test_facts);
  EXPECT_TRUE(checked.diagnostics.empty());
  EXPECT_EQ(checked.program.maps.at(0).value.kind, Type::Kind::String);
}

TEST(Check, TextsOfErrors) {
  Parsed parsed =
      parse({"test", "config = { error_text = \"*main.E.Msg, main.T\" } BEGIN { exit(); }"});
  Checked checked = check(parsed.script, test_facts);
  EXPECT_TRUE(checked.diagnostics.empty());
  EXPECT_EQ(checked.program.error_texts, (std::vector<std::string>{"*main.E.Msg", "main.T"}));
}

TEST(Builtins, RowsStandInTheEnumsOrder) {
  const auto& rows = builtin_rows();
  ASSERT_EQ(rows.size(), static_cast<size_t>(Builtin::kRows));
  for (size_t i = 0; i < rows.size(); i++) {
    EXPECT_EQ(static_cast<size_t>(rows[i].id), i) << rows[i].name;
    EXPECT_STRNE(rows[i].doc, "");
    EXPECT_NE(std::string(rows[i].usage).find(rows[i].name), std::string::npos);
  }
}

TEST(Builtins, NumberedOnes) {
  uint64_t n = 0;
  ASSERT_NE(find_builtin("sarg12", &n), nullptr);
  EXPECT_EQ(find_builtin("sarg12", &n)->id, Builtin::Sarg);
  EXPECT_EQ(n, 12u);
  EXPECT_EQ(find_builtin("arg"), nullptr);
  EXPECT_EQ(find_builtin("arg1x"), nullptr);
  EXPECT_EQ(find_builtin("arg99999999999999999999", &n)->id, Builtin::Arg);
  EXPECT_GT(n, 999u);
}

}  // namespace
}  // namespace gotap::lang
