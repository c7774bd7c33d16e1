// The scripts that the kernel's verifier has to accept: every built-in, operator, statement and
// kind of program, and what once went wrong. Used by verifier_test.cc and codegen_test.cc.
#pragma once

namespace gotap::codegen {

constexpr const char* kScripts[] =
    {
        // The article's and the acceptance scripts.
        R"(uprobe:c:"sum" { printf("args: %d + %d\n", arg0, arg1); }
       uretprobe:c:"sum" { printf("result: %d\n", reg("ax")); })",
        R"(uprobe:go15:"main.swap" { printf("swapping \"%s\" and \"%s\"\n", str(sarg0, sarg1), str(sarg2, sarg3)); })",
        R"(uprobe:go15:"main.swap"+111 { printf("%s %s", str(*(reg("sp")+0x28), *(reg("sp")+0x30)), str(*(reg("sp")+0x38))); })",
        R"(uprobe:go:"main.swap" { printf("%s %s\n", str(reg("ax")), str(reg("ax"), reg("bx"))); }
       uretprobe:go:"main.swap" { printf("%s\n", str(reg("ax"), reg("bx"))); })",
        R"(uprobe:go15:"FSM" { @start[str(*sarg1)] = nsecs; }
       uprobe:go15:"FSM"+4 { @usecs = hist((nsecs - @start[str(*sarg1)]) / 1000); delete(@start[str(*sarg1)]); })",
        R"(uretprobe:go:"f" { @usecs = hist(duration / 1000); })",
        R"(uretprobe:cframes:"f" { @usecs = hist(duration / 1000); })",
        R"(uretprobe:gocheck:"f" { @[goid] = sum(duration); } uprobe:gocheck:"f" { @n = count(); })",
        R"(uretprobe:go15:"f" { @[goid, func, probe] = lhist(duration, 0, 1000, 100); })",
        R"(uretprobe:gotls:"f" { printf("%d %d\n", goid, duration); })",
        R"(uretprobe:go:"wrapped" { @[func] = avg(duration); @c[probe] = count(); })",
        // Timers.
        R"(BEGIN { printf("hello\n"); } END { printf("bye %d\n", elapsed); } interval:s:1 { @ = count(); print(@); clear(@); })",
        R"(BEGIN { exit(); })",
        R"(BEGIN { exit(3); printf("never"); } END { @x = 1; })",
        R"(interval:ms:100 { time("%H:%M:%S\n"); @t++; if (@t > 5) { exit(); } })",
        // Values.
        R"(uprobe:go:"f" { printf("%d %d %s %d %d %d %d %d %s %s", pid, tid, comm, cpu, uid, gid, nsecs, elapsed, func, probe); })",
        R"(uprobe:go:"f" { printf("%d %d %d %d", arg0, arg8, sarg0, goid); })",
        R"(uprobe:go15:"f" { printf("%d %d", arg0, arg5); })",
        R"(uretprobe:go:"f" { printf("%d", retval); } uretprobe:c:"g" { @[retval] = count(); })",
        R"(uprobe:c:"f" { printf("%d %d", arg0, arg5); @[tid] = count(); })",
        // Aggregations, keyed and not.
        R"(uprobe:go:"f" { @a = count(); @b = sum(arg0); @c = avg(arg0); @d = min(arg0); @e = max(arg0); @f = hist(arg0); @g = lhist(arg0, -10, 10, 2); })",
        R"(uprobe:go:"f" { @a[pid] = count(); @b[pid] = sum(arg0); @c[pid] = avg((int64)arg0); @d[pid] = min((int64)arg0); @e[pid] = max((int32)arg0); @f[pid] = hist((int64)arg0, 5); @g[pid, comm] = lhist(arg0, 0, 100, 1); })",
        R"(uprobe:go:"f" { @a = hist(arg0); @b = hist(arg1, 1); @c = hist(arg2, 2); @d = hist((int64)arg3, 3); @e = hist(arg4, 4); @f = hist(arg5, 5); @g = hist(arg6); @h = hist(arg7); })",
        R"(uprobe:go:"f" { @c = count(); delete(@c); @h = hist(1); delete(@h); @k[1] = count(); print(@k[1]); print(@h); print(@k, 5, 2); zero(@k); })",
        // Maps.
        R"(uprobe:go:"f" { @x = 1; @y = @x + 2; @z[@x, @y] = @x; @x++; @x--; ++@x; @y += 5; @y -= arg0; $o = @x++; $n = --@y; printf("%d %d", $o, $n); delete(@z[1, 2]); })",
        R"(uprobe:go:"f" { @s = "text"; @t[str(arg0)] = str(arg1); @u[comm] = @s; printf("%s %s %s", @s, @t["k"], @u[comm]); print(@t["a"]); print(@s); })",
        R"(uprobe:go:"f" { @a[str(arg0), str(arg1), 5, comm] = count(); @b["literal", func] = sum(arg0); })",
        R"(uprobe:go:"f" { @p[probe] = count(); @q[func] = 1; printf("%s", probe); print(func); })",
        // Variables and control flow.
        R"(uprobe:go:"f" { $a = 5; $b = $a * 2 - 1; if ($b > 8 && $a < 6) { printf("yes\n"); } else { printf("no\n"); } if ($a == 5 || $b == 1) { return; } @never = 1; })",
        R"(uprobe:go:"f" { $s = str(arg0); $t = "abc"; if ($s == $t) { @eq = count(); } else if ($s != "abd") { @ne = count(); } $s = $t; printf("%s %s", $s, comm == "x" ? "yes" : "no"); })",
        R"(uprobe:go:"f" / arg0 > 5 && str(arg1) == "GET" / { @ = count(); })",
        R"(uprobe:go:"f" / comm == "server" || pid == 1 / { @ = count(); } uprobe:go:"f" /!(arg0 == 1)/ { @b = count(); })",
        R"(uprobe:go:"f" / *(uint64*)arg0 == 7 / { printf("%d %d %d %d", *(uint8*)arg1, *(int8*)arg1, *(int16*)arg1, *(uint32*)arg1); })",
        R"(uprobe:go:"f" { $p = *(uint64*)arg0; $q = $p + 1; if ($q == 5) { @q = count(); } printf("%d %x", $p, $q); @[$p] = count(); })",
        R"(uprobe:go:"f" { $i = 0; $i++; ++$i; $j = $i--; @[$i, $j] = count(); })",
        // Operators.
        R"(uprobe:go:"f" { printf("%d %d %d %d %d", arg0 + arg1, arg0 - 5, arg0 * arg1, arg0 / arg1, arg0 % 7); printf("%d %d %d %d %d", arg0 & 255, arg0 | arg1, arg0 ^ 1, arg0 << 3, arg0 >> arg1); printf("%d %d %d", -arg0, ~arg0, !arg0); })",
        R"(uprobe:go:"f" { $s = (int64)arg0; printf("%d %d %d %d %d", $s / 3, $s % -3, $s / (int64)arg1, $s >> 2, $s < -1); printf("%d %d", (int8)arg0, (uint16)arg1); })",
        R"(uprobe:go:"f" { printf("%d %d", arg0 / 0xffffffffff, arg0 > 0xffffffffff ? arg0 : arg1); @ = arg0 == 1 ? 5 : 6; print(arg0 > 1); print(arg0); print("text"); print(str(arg0)); })",
        // Several clauses on one site; one that leaves early.
        R"(uprobe:go:"f" { return; } uprobe:go:"f" { @a = count(); exit(); } uprobe:go:"f" /arg0/ { @b = count(); } uretprobe:go:"f" /duration > 5/ { @c = hist(duration); @d = avg(duration); } uretprobe:go:"f" { @e = count(); })",
        // Loops.
        R"(uprobe:go:"f" { $i = 0; while ($i < arg0) { $i++; if ($i == 3) { continue; } if (*(uint64*)arg1 == $i) { break; } @s = sum($i); } })",
        R"(uprobe:go:"f" { for ($i : 0..100) { @[$i] = count(); printf("%d %s", $i, str(arg0)); } })",
        R"(uprobe:go:"f" { for ($i : arg0..arg1) { for ($j : 0..arg2) { if ($j == 5) { break; } @[$i, $j] = count(); } } })",
        R"(uprobe:go:"f" { for ($i : *(uint64*)arg0..10) { $p = *(uint64*)(arg1 + 8 * $i); @ = sum($p); } })",
        R"(uprobe:go:"f" { unroll(4) { $x = 1; @ = sum($x); printf("%s", str(arg0)); } })",
        R"(uprobe:go:"f" { $n = arg0; while ($n) { $n >>= 1; if ($n == 9) { return; } } })",
        // Tuples, buffers.
        R"(uprobe:go:"f" { $t = (arg0, str(arg1), (pid, comm)); printf("%s %d %s", $t, $t.0, $t.2.1); @[$t] = count(); @v[$t.1] = $t; print(@v["x"]); print(@v["x"].2); $t = (1, "y", $t.2); })",
        R"(uprobe:go:"f" { @t = (1, str(arg0)); @t = (2, "longer"); print(@t.1); if (@t.0 == 2) { @n[@t] = count(); } print((*(uint64*)arg0, 1)); })",
        R"(uprobe:go:"f" { printf("%r %rx", buf(arg0, 5), buf(arg1, arg2)); $b = buf(arg0, 16); @[$b] = count(); print(buf(str(arg0))); print(buf("abc")); })",
        // Functions of strings.
        R"(uprobe:go:"f" { @a = strlen(str(arg0)); @b = strncmp(str(arg0), "GET /", 5); if (strcontains(str(arg0), "needle")) { @e = count(); } })",
        R"(uprobe:go:"f" { @d = strstr(comm, str(arg1, 8)); })",
        R"(uprobe:go:"f" { $s = str(arg0); $i = 0; while ($s[$i] != 0) { if ($s[$i] == 47) { @slash = count(); } $i++; } print($s[5]); })",
        // The rest of the values and actions.
        R"(uprobe:go:"f" { printf("%d %s %d %d %d %d %d %s", rand, username, ncpus, cgroup, numaid, jiffies, usermode, probetype); print(nsecs(monotonic)); @[username, probetype] = count(); })",
        R"(BEGIN { print(probetype); print(ncpus); print(nsecs(tai)); } interval:s:1 { print(probetype); })",
        R"(uprobe:go:"f" { @ = stats(arg0); @k[pid] = stats((int64)arg0); print(@k[pid]); @c = count(); if (@c > 5) { print(@c); } @d = avg(arg0); $x = @d * 2; print($x); })",
        R"(uprobe:go:"f" { printf("%s %s %s", strftime("%H:%M:%S.%f", nsecs), strerror(arg0), signal_name(arg1)); @[strftime("%H", nsecs)] = count(); $t = strftime("%M", nsecs); print($t); })",
        R"(uprobe:go:"f" { @a[arg0] = 1; if (has_key(@a, arg1)) { delete(@a, arg1); } print(len(@a)); printf("%d", bswap((uint16)arg0)); print(bswap(arg0)); })",
        R"(uprobe:c:"f" { join(arg0); join(*(uint64*)arg1, ","); cat("/proc/%d/%s", pid, str(arg0)); })",
        // Goroutines, calls within calls, waits.
        R"(uprobe:go:"f" /outermost && @since[pid, goid(arg0)]/ { $g = goid(arg0); @w[wait_name((arg2 & 0xff) + 256)] = count(); @since[pid, $g] = nsecs(monotonic); } uretprobe:go:"f" /outermost/ { @s[func, wait_name(1)] = sum(duration); for ($i : 0..@kinds[pid, goid]) { delete(@since, (pid, $i)); } @kinds[pid, goid] += has_key(@since, (pid, goid)); })",
        // Stacks, in all they can be put into.
        R"(uprobe:go:"f" { print(ustack); printf("%s %s", ustack(3), caller); @[ustack(perf, 5), caller] = count(); @v = ustack(raw); $s = arg0 ? ustack(2) : ustack(4); print($s); print((1, ustack)); print(@v); })",
        R"(uprobe:go15:"f"+4 { @[ustack, goid] = sum(arg0); print(@[ustack, goid]); @c[caller] = hist(arg0); } uretprobe:gotls:"f" { @s[ustack(1)] = max(duration); @t[ustack] = count(); })",
        R"(uprobe:c:"f" { @[ustack, 1] = count(); @[ustack(5), 2] = count(); printf("%s", caller); })",
        // Many strings.
        R"(uprobe:go:"f" { printf("%s %s %s %s %s", str(arg0), str(arg1), str(arg2), str(arg3), str(arg4)); $a = str(arg0); $b = str(arg1); $c = str(arg2); if ($a == $b) { @[$a, $b, $c] = count(); } })",
        R"(uprobe:go:"f" { printf("%s|%s|%s", str(arg0, 10), str(arg1, 64), str(arg2, arg3)); @[str(arg0, 16)] = count(); @b[str(arg0, 1)] = max(arg1); })",
};

}  // namespace gotap::codegen
