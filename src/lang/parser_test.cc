// The parser's tests: scripts and their syntax trees. Mistakes are in diag_test.cc.
#include "lang/parser.h"

#include <gtest/gtest.h>

namespace gotap::lang {
namespace {

struct Row {
  const char* script;
  const char* tree;
};

// clang-format off
const Row kRows[] = {
    {R"~(BEGIN { $x = 1 + 2 * 3 - 4 / pid % 5; })~",
     R"~(BEGIN
  $x = ((1 + (2 * 3)) - ((4 / pid) % 5))
)~"},
    {R"~(BEGIN { $x = pid | 1 ^ 2 & 3 == 4 < 5 << 6 + 7 - 8; })~",
     R"~(BEGIN
  $x = (pid | (1 ^ (2 & (3 == (4 < (5 << ((6 + 7) - 8)))))))
)~"},
    {R"~(BEGIN { $x = pid || 1 && 2; $y = !pid == ~1; })~",
     R"~(BEGIN
  $x = (pid || (1 && 2))
  $y = ((!pid) == (~1))
)~"},
    {R"~(BEGIN { $x = pid ? 1 : tid ? 2 : 3; $y = pid ?: 4; })~",
     R"~(BEGIN
  $x = (pid ? 1 : (tid ? 2 : 3))
  $y = (pid ?: 4)
)~"},
    {R"~(BEGIN { $x = (uint64)1 + 2; $y = (int32)pid * 2; $z = *(uint64*)nsecs + 1; })~",
     R"~(BEGIN
  $x = ((uint64)1 + 2)
  $y = ((int32)pid * 2)
  $z = ((*(uint64 *)nsecs) + 1)
)~"},
    {R"~(BEGIN { $x = -1 - -2; $x--; --$x; $x++; })~",
     R"~(BEGIN
  $x = ((-1) - (-2))
  ($x--)
  (--$x)
  ($x++)
)~"},
    {R"~(BEGIN { $x = 0x10 + 010 + 1e3 + 1_000 + 100ms + 5us + 1UL + 2ull; })~",
     R"~(BEGIN
  $x = (((((((16 + 8) + 1000) + 1000) + 100000000) + 5000) + 1) + 2)
)~"},
    {R"~(BEGIN { $x = "a\tb\n\\\"\x41\101"; })~",
     R"~(BEGIN
  $x = "a\tb\n\\\"AA"
)~"},
    {R"~(BEGIN { @a += 1; @b -= 1; @c *= 2; @d /= 2; @e %= 2; @f <<= 1; @g >>= 1; @h &= 1; @i |= 1; @j ^= 1; })~",
     R"~(BEGIN
  @a += 1
  @b -= 1
  @c *= 2
  @d /= 2
  @e %= 2
  @f <<= 1
  @g >>= 1
  @h &= 1
  @i |= 1
  @j ^= 1
)~"},
    {R"~(u:./b:f /args.req.Size > 1024 && retval.err != nil/ { print(args.0.Key[:3]); $x = *args.p + (*args.q).n; })~",
     R"~(uprobe:"./b":"f"
  / ((args.req.Size > 1024) && (retval.err != nil)) /
  print(args.0.Key[:3])
  $x = ((*args.p) + (*args.q).n)
)~"},
    {R"~(u:./b:f { $x = args.list[pid ? 1 : 2][0x2:0x10]; $y = captured."größe"[1:]; $z = retval.0[:]; })~",
     R"~(uprobe:"./b":"f"
  $x = args.list[(pid ? 1 : 2)][2:16]
  $y = captured.größe[1:]
  $z = retval.0[:]
)~"},
    {R"~(u:./b:f { $x = args.err.(*io/fs.PathError).Path; $y = args.x.( "main.List[go.shape.int]" ).n; $z = len(global("net/http.DefaultClient").( func(int) [2]struct{ a int } )); })~",
     R"~(uprobe:"./b":"f"
  $x = args.err.(*io/fs.PathError).Path
  $y = args.x.(main.List[go.shape.int]).n
  $z = len(global("net/http.DefaultClient").(func(int) [2]struct{ a int }))
)~"},
    {R"~(BEGIN { for ($i : args.a..args.b.1) { } })~",
     R"~(BEGIN
  for $i : args.a..args.b.1
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
  / (pid == 1) /
)~"},
    {R"~(UPROBE:./b:0x4a3f00 { })~",
     R"~(uprobe:"./b":0x4a3f00
)~"},
    {R"~(u:./b@main.go:12,uprobe:"/a@b/c"@"x y/z.go":3{ })~",
     R"~(uprobe:"./b"@"main.go":12
uprobe:"/a@b/c"@"x y/z.go":3
)~"},
    // Names with @ in them.
    {R"~(u:./m@v1.2/app:12,u:./m@v1.go:main.f,u:"./m@v1.go":12,u:./m@v1.go:0x12 { })~",
     R"~(uprobe:"./m@v1.2/app":0xc
uprobe:"./m@v1.go":"main.f"
uprobe:"./m@v1.go":0xc
uprobe:"./m@v1.go":0x12
)~"},
    {R"~(u:./b:main.f+0 /arg0 / 2 == 1 / { /* c */ } // end)~",
     R"~(uprobe:"./b":"main.f"+0
  / ((arg0 / 2) == 1) /
)~"},
    {R"~(BEGIN { if (pid == 1) { exit(1) } else if tid > 2 { exit() } else { print("x") } })~",
     R"~(BEGIN
  if (pid == 1)
    exit(1)
  else
    if (tid > 2)
      exit()
    else
      print("x")
)~"},
    {R"~(BEGIN { @[1, "a"] = 1; delete(@, (1, "b")); delete(@[2, "c"]); @m[(1, 2)] = 3; })~",
     R"~(BEGIN
  @[1, "a"] = 1
  delete(@, tuple(1, "b"))
  delete(@[2, "c"])
  @m[1, 2] = 3
)~"},
    {R"~(BEGIN { $x = pid(); $y = nsecs(); $t = true; $f = false; })~",
     R"~(BEGIN
  $x = pid()
  $y = nsecs()
  $t = true
  $f = false
)~"},
    {R"~(uprobe:./go:main.f { @start[tid] = nsecs; } uretprobe:./go:main.f /@start[tid]/ { @us = hist((nsecs - @start[tid]) / 1000); delete(@start, tid); })~",
     R"~(uprobe:"./go":"main.f"
  @start[tid] = nsecs
uretprobe:"./go":"main.f"
  / @start[tid] /
  @us = hist(((nsecs - @start[tid]) / 1000))
  delete(@start, tid)
)~"},
    {R"~(uretprobe:./go:main.f { @ = hist(duration / 1000, 2); @l = lhist(duration, -10, 90, 10); @a[goid] = avg(retval); })~",
     R"~(uretprobe:"./go":"main.f"
  @ = hist((duration / 1000), 2)
  @l = lhist(duration, (-10), 90, 10)
  @a[goid] = avg(retval)
)~"},
    {R"~(uprobe:./old:main.f { printf("%d %s %-10s %5d %*d %%\n", sarg0, str(arg1, arg2), comm, pid, 5, reg("sp")); })~",
     R"~(uprobe:"./old":"main.f"
  printf("%d %s %-10s %5d %*d %%\n", sarg0, str(arg1, arg2), comm, pid, 5, reg("sp"))
)~"},
    {R"~(uprobe:./go:main.f { printf("%s %s %p", probe, func, arg0); @[func, probe] = count(); })~",
     R"~(uprobe:"./go":"main.f"
  printf("%s %s %p", probe, func, arg0)
  @[func, probe] = count()
)~"},
    {R"~(BEGIN { print(@x); } uprobe:./go:main.f { @x = @y; } END { @y = nsecs; })~",
     R"~(BEGIN
  print(@x)
uprobe:"./go":"main.f"
  @x = @y
END
  @y = nsecs
)~"},
    {R"~(BEGIN { @s = "abc"; @s = comm; @k["a"] = 1; @k[comm] = 2; })~",
     R"~(BEGIN
  @s = "abc"
  @s = comm
  @k["a"] = 1
  @k[comm] = 2
)~"},
    {R"~(BEGIN { @s = "abc"; } uprobe:./go:main.f { @s = str(arg0); $l = str(arg0, 5); $l = "0123456789"; })~",
     R"~(BEGIN
  @s = "abc"
uprobe:"./go":"main.f"
  @s = str(arg0)
  $l = str(arg0, 5)
  $l = "0123456789"
)~"},
    {R"~(BEGIN { @n = 1; @n = -1; @u = 1; @u = nsecs; @v = nsecs; @v = -1; })~",
     R"~(BEGIN
  @n = 1
  @n = (-1)
  @u = 1
  @u = nsecs
  @v = nsecs
  @v = (-1)
)~"},
    {R"~(BEGIN { $d = nsecs - elapsed; if ($d > 5) { } if (nsecs - elapsed > nsecs) { } })~",
     R"~(BEGIN
  $d = (nsecs - elapsed)
  if ($d > 5)
  if ((nsecs - elapsed) > nsecs)
)~"},
    {R"~(BEGIN { $p = (uint32*)nsecs; $x = *$p + $p[2]; $q = $p + 3; $e = $p == 5; })~",
     R"~(BEGIN
  $p = (uint32 *)nsecs
  $x = ((*$p) + $p[2])
  $q = ($p + 3)
  $e = ($p == 5)
)~"},
    {R"~(BEGIN { pid > 1 ? printf("a") : printf("b"); })~",
     R"~(BEGIN
  ((pid > 1) ? printf("a") : printf("b"))
)~"},
    {R"~(BEGIN { $x = 1; if (1) { $x = nsecs; $y = 2; } else { $y = "a"; } })~",
     R"~(BEGIN
  $x = 1
  if 1
    $x = nsecs
    $y = 2
  else
    $y = "a"
)~"},
    {R"~(BEGIN { @a = 1; print(@a); print(@a, 3, 2); print(pid); print("x"); print(@a + 1); @h[1] = hist(2); print(@h[1]); clear(@a); zero(@h); time(); time("%H"); })~",
     R"~(BEGIN
  @a = 1
  print(@a)
  print(@a, 3, 2)
  print(pid)
  print("x")
  print((@a + 1))
  @h[1] = hist(2)
  print(@h[1])
  clear(@a)
  zero(@h)
  time()
  time("%H")
)~"},
    {R"~(BEGIN { $x = 1 << 63; $y = 1 << pid; $z = 3 & ~1; $b = pid > 1; $b = false; })~",
     R"~(BEGIN
  $x = (1 << 63)
  $y = (1 << pid)
  $z = (3 & (~1))
  $b = (pid > 1)
  $b = false
)~"},
    {R"~(BEGIN { @x[@i++] = ++@j; @i--; $s = pid == 1 ? "a" : comm; $c = comm == "a" && "b" != comm; })~",
     R"~(BEGIN
  @x[(@i++)] = (++@j)
  (@i--)
  $s = ((pid == 1) ? "a" : comm)
  $c = ((comm == "a") && ("b" != comm))
)~"},
    {R"~(BEGIN { @m = min(pid); @m = min(-1); @x = max(nsecs); @s = sum(5); @c = count(); })~",
     R"~(BEGIN
  @m = min(pid)
  @m = min((-1))
  @x = max(nsecs)
  @s = sum(5)
  @c = count()
)~"},
    {R"~(BEGIN { @a[1] = 1; @b[2, 3] = 2; delete(@a[1], @b[2, 3]); })~",
     R"~(BEGIN
  @a[1] = 1
  @b[2, 3] = 2
  delete(@a[1], @b[2, 3])
)~"},
};
// clang-format on

TEST(Parser, Trees) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.script);
    Source source{"test", row.script};
    Parsed parsed = parse(source);
    EXPECT_EQ(render(parsed.diagnostics, source), "");
    EXPECT_EQ(ast::dump(parsed.script), row.tree);
  }
}

TEST(Parser, SpecsKeepTheirTextAndPlace) {
  Parsed parsed = parse({"test", "#!/usr/bin/gotap\n  u:\"./a\":main.f+0x10 ,\n uprobe:./b:g {}"});
  ASSERT_TRUE(parsed.diagnostics.empty());
  const auto& probes = parsed.script.clauses.at(0).probes;
  ASSERT_EQ(probes.size(), 2u);
  EXPECT_EQ(probes[0].text, "u:\"./a\":main.f+0x10");
  EXPECT_EQ(probes[0].offset, 16u);
  EXPECT_EQ(probes[0].location.line, 2u);
  EXPECT_EQ(probes[0].location.column, 3u);
  EXPECT_EQ(probes[1].location.line, 3u);
  EXPECT_FALSE(probes[1].offset);
}

// What recurses over the tree must never meet a deep one.
TEST(Parser, BoundsDepth) {
  for (const char* piece : {"(", "-", "!", "~", "*", "++", "1+", "1?", "1?1:", "@[", "str(", "{",
                            "if 1 {", "(uint64)", "1[", "if 1 {} else "}) {
    SCOPED_TRACE(piece);
    std::string script = "BEGIN { $x = ";
    if (piece[0] == '{' || piece[0] == 'i') script = "BEGIN { ";
    for (int i = 0; i < 20000; i++) script += piece;
    Parsed parsed = parse({"test", script});
    EXPECT_TRUE(has_errors(parsed.diagnostics));
    EXPECT_LE(parsed.diagnostics.size(), kMaxDiagnostics);
  }
  std::string sum = "BEGIN { $x = 1";
  for (int i = 0; i < 90; i++) sum += " + pid";
  EXPECT_FALSE(has_errors(parse({"test", sum + "; }"}).diagnostics));
  for (int i = 0; i < 90; i++) sum += " + pid";
  EXPECT_TRUE(has_errors(parse({"test", sum + "; }"}).diagnostics));
}

TEST(Parser, GoesOnAfterAMistake) {
  Source source{"test",
                "BEGIN { @x = ; @y = 1 + ; exit(); }\n"
                "uprob:./a:b { printf(\"}\"); }\n"
                "END { else { } printf(\"x\") }\n"};
  Parsed parsed = parse(source);
  ASSERT_EQ(parsed.diagnostics.size(), 4u);
  EXPECT_EQ(parsed.diagnostics[0].location.column, 14u);
  EXPECT_EQ(parsed.diagnostics[1].location.column, 25u);
  EXPECT_EQ(parsed.diagnostics[2].location.line, 2u);
  EXPECT_EQ(parsed.diagnostics[3].location.line, 3u);
}

}  // namespace
}  // namespace gotap::lang
