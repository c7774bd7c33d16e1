// Tests of messages: each mistake with what is said about it, and how it is shown.
#include "lang/diag.h"

#include <gtest/gtest.h>

#include "lang/check.h"
#include "lang/facts_test.h"
#include "lang/parser.h"

namespace gotap::lang {
namespace {

Diagnostics diagnose(const std::string& script) {
  Parsed parsed = parse({"test", script});
  if (has_errors(parsed.diagnostics)) return parsed.diagnostics;
  return check(parsed.script, test_facts).diagnostics;
}

std::string brief(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& d : diagnostics) {
    uint32_t width = d.location.end - d.location.begin;
    out += std::to_string(d.location.line) + ":" + std::to_string(d.location.column) + "-" +
           std::to_string(d.location.column + width) +
           (d.severity == Diagnostic::Severity::Error ? ": error: " : ": warning: ") + d.message +
           "\n";
    if (!d.hint.empty()) out += "  hint: " + d.hint + "\n";
  }
  return out;
}

struct Row {
  const char* script;
  const char* said;
};

// clang-format off
const Row kRows[] = {
    {"BEGIN { printf(\"a); }",
     "1:16-22: error: this string does not end on its line\n  hint: close it with \"; a line break inside is written \\n\n"
     "1:7-8: error: this '{' is not closed: a '}' is missing\n"},
    {"BEGIN { /* open",
     "1:9-11: error: this comment does not end\n  hint: close it with */\n"
     "1:7-8: error: this '{' is not closed: a '}' is missing\n"},
    {"BEGIN { printf(\"\\q\"); }",
     "1:17-19: error: invalid escape '\\q'\n  hint: a string may have \\n \\t \\r \\\\ \\\" \\0nn (octal) and \\xnn (hexadecimal)\n"},
    {"BEGIN { printf(\"\\400\"); }",
     "1:17-21: error: invalid escape '\\400'\n  hint: a string may have \\n \\t \\r \\\\ \\\" \\0nn (octal) and \\xnn (hexadecimal)\n"},
    {"BEGIN { $x = 18446744073709551616; }",
     "1:14-34: error: integer overflow: the number does not fit in 64 bits\n"},
    {"BEGIN { $x = 089; }",
     "1:14-17: error: octal numbers have digits 0 to 7 only\n"},
    {"BEGIN { $x = 0x; }",
     "1:14-16: error: a number needs at least one digit\n"},
    {"BEGIN { $x = 1e; }",
     "1:14-16: error: the exponent must be a whole number, as in 1e6\n"},
    {"BEGIN { $x = 1e30; }",
     "1:14-18: error: integer overflow: the number does not fit in 64 bits\n"},
    {"BEGIN { $x = 12abc; }",
     "1:14-19: error: 'abc' is not a suffix of numbers\n"},
    {"BEGIN { $x = 1.5; }",
     "1:15-16: error: there are no floating point numbers\n"},
    {"BEGIN { $ = 1; }",
     "1:9-10: error: a variable needs a name after $\n"},
    {"BEGIN { printf('x'); }",
     "1:16-17: error: unexpected character '''\n  hint: strings are written in double quotes\n"
     "1:18-19: error: unexpected character '''\n  hint: strings are written in double quotes\n"},
    {"BEGIN { # comment",
     "1:9-10: error: unexpected character '#'\n  hint: comments begin with //\n"
     "1:7-8: error: this '{' is not closed: a '}' is missing\n"},
    {"BEGIN { $x = 1 ` 2; }",
     "1:16-17: error: unexpected character '`'\n"},
    {"kprobe:vfs_read { }",
     "1:1-7: error: kprobe probes are not supported\n  hint: gotap traces functions of user programs: uprobe, uretprobe, interval, BEGIN, END\n"},
    {"uprob:./go:f { }",
     "1:1-6: error: unknown probe type 'uprob'\n  hint: did you mean uprobe?\n"},
    {"42 { }",
     "1:1-3: error: unknown probe type '42'\n  hint: probes are BEGIN, END, interval, uprobe and uretprobe; a comma separates them unless it stands in quotes or brackets\n"},
    {"uprobe { }",
     "1:1-7: error: uprobe needs more: where to probe\n  hint: as in uprobe:./app:main.work\n"},
    {"uprobe:./go { }",
     "1:1-12: error: a path and a function are expected\n  hint: as in uprobe:./app:main.work: one of the two is missing\n"},
    {"uprobe::f { }",
     "1:1-8: error: the path of the program is missing\n"},
    {"uprobe:./go: { }",
     "1:1-13: error: the name of the function is missing\n  hint: as in uprobe:./app:main.work\n"},
    {"uprobe:./go:main.Map[go.shape.int { }",
     "1:21-38: error: this bracket is not closed: ']' is missing\n  hint: a function name may stand in quotes\n"},
    {"uprobe:./go:\"main.f\"x { }",
     "1:13-22: error: after a quoted name only an offset may stand: 'x'\n  hint: as in \"main.swap\"+40; a predicate needs a blank before it\n"},
    {"uprobe:./go:f+0x { }",
     "1:14-17: error: a number needs at least one digit\n"},
    {"uprobe:./go:f+5ms { }",
     "1:14-18: error: a plain number is expected here\n"},
    {"uprobe:./go:0x401000+4 { }",
     "1:13-23: error: an address takes no offset\n  hint: add them up\n"},
    {"uretprobe:./go:f+4 { }",
     "1:1-19: error: a uretprobe is on a whole function: it takes no offset and no address\n  hint: a uprobe does\n"},
    {"uretprobe:./go:0x401000 { }",
     "1:1-24: error: a uretprobe is on a whole function: it takes no offset and no address\n  hint: a uprobe does\n"},
    {"interval { }",
     "1:1-9: error: interval needs more: where to probe\n  hint: as in interval:s:1\n"},
    {"interval:s:0 { }",
     "1:10-13: error: an interval must be longer than zero\n  hint: as in interval:s:1, interval:ms:100, interval:hz:10 or interval:1s\n"},
    {"interval:m:1 { }",
     "1:10-11: error: unknown unit 'm' of an interval\n  hint: as in interval:s:1, interval:ms:100, interval:hz:10 or interval:1s\n"},
    {"interval:5 { }",
     "1:10-11: error: an interval needs a unit\n  hint: as in interval:s:1, interval:ms:100, interval:hz:10 or interval:1s\n"},
    {"interval:s:1s { }",
     "1:10-14: error: a plain number is expected after the unit\n  hint: as in interval:s:1, interval:ms:100, interval:hz:10 or interval:1s\n"},
    {"interval:hz:0 { }",
     "1:10-14: error: an interval must be longer than zero\n  hint: as in interval:s:1, interval:ms:100, interval:hz:10 or interval:1s\n"},
    {"interval:s:99999999999 { }",
     "1:10-23: error: this interval is too long\n  hint: as in interval:s:1, interval:ms:100, interval:hz:10 or interval:1s\n"},
    {"uprobe:./go:f == 3/ { }",
     "1:15-17: error: syntax error: unexpected '==', a block '{ ... }' or a /predicate/ is expected\n  hint: a function name with blanks or a comma stands in quotes\n"},
    {"uprobe:./go:main.f /pid == 3 { }",
     "1:30-31: error: syntax error: unexpected '{', the '/' that ends the predicate is expected\n  hint: as in /pid == 42/ { ... }\n"},
    {"uprobe:./go:main.f",
     "1:19-19: error: syntax error: unexpected the end of the script, a block '{ ... }' or a /predicate/ is expected\n  hint: a function name with blanks or a comma stands in quotes\n"},
    {"BEGIN { exit();",
     "1:7-8: error: this '{' is not closed: a '}' is missing\n"},
    {"BEGIN { exit(); } }",
     "1:19-20: error: this '}' closes nothing\n"},
    {"BEGIN { exit() printf(\"x\"); }",
     "1:16-22: error: syntax error: unexpected 'printf', ';' is expected\n  hint: statements are separated by ';'\n"},
    {"BEGIN { if (1) exit(); }",
     "1:16-20: error: syntax error: unexpected 'exit', a block '{ ... }' is expected\n  hint: the braces are needed even for one statement\n"},
    {"BEGIN { else { } }",
     "1:9-13: error: this 'else' has no 'if' before it\n"},
    {"BEGIN { while (1) }",
     "1:19-20: error: syntax error: unexpected '}', a block '{ ... }' is expected\n  hint: the braces are needed even for one statement\n"},
    {"BEGIN { for ($i : 5) { } }",
     "1:20-21: error: syntax error: unexpected ')', '..' is expected\n  hint: as in for ($i : 0..10) { ... }\n"},
    {"BEGIN { for (pid : 0..5) { } }",
     "1:14-17: error: syntax error: unexpected 'pid', a variable is expected\n  hint: as in for ($i : 0..10) { ... }\n"},
    {"BEGIN { @m[1] = 1; for ($kv : @m) { } }",
     "1:20-34: error: loops over the entries of a map are not supported\n  hint: print(@m) prints them all\n"},
    {"BEGIN { unroll(101) { } }",
     "1:15-20: error: the number of rounds of unroll must be at most 100\n"},
    {"BEGIN { unroll(pid) { } }",
     "1:15-20: error: the number of rounds of unroll must be a number written in the script\n"},
    {"BEGIN { break; }",
     "1:9-14: error: break stands outside of a while or for loop\n"},
    {"BEGIN { while (pid > 5) { unroll(2) { continue; } } }",
     "1:39-47: error: continue stands outside of a while or for loop\n"},
    {"BEGIN { $x = 1; let $x = 1; }",
     "1:21-23: error: $x is declared already\n  hint: choose another name\n"},
    {"BEGIN { let $x : int3; }",
     "1:18-22: error: unknown type 'int3'\n  hint: did you mean int8?\n"},
    {"BEGIN { let $x : uint8 = 1; $x++; }",
     "1:29-33: error: $x was declared as uint8: only 64-bit variables have ++\n  hint: declare it as int64 or uint64\n"},
    {"BEGIN { return 1; }",
     "1:16-17: error: return takes no value\n  hint: it ends the block; exit(n) sets the exit code\n"},
    {"BEGIN { 1 = 2; }",
     "1:9-10: error: only variables ($x) and maps (@x) can be assigned to\n"},
    {"BEGIN { pid++; }",
     "1:9-12: error: only variables ($x) and maps (@x) can be counted up or down\n"},
    {"BEGIN { ++pid; }",
     "1:11-14: error: only variables ($x) and maps (@x) can be counted up or down\n"},
    {"BEGIN { $x = &pid; }",
     "1:14-15: error: the address of a value cannot be taken\n  hint: values of a script live in registers and maps\n"},
    {"BEGIN { $x = 1 +; }",
     "1:17-18: error: syntax error: unexpected ';', a value is expected\n"},
    {"BEGIN { $x = (1 + 2; }",
     "1:20-21: error: syntax error: unexpected ';', ')' is expected\n  hint: it is missing after the expression in parentheses\n"},
    {"BEGIN { $x = 1 ? 2; }",
     "1:19-20: error: syntax error: unexpected ';', ':' is expected\n  hint: it is missing after the first choice of '?'\n"},
    {"BEGIN { @m[] = 1; }",
     "1:9-13: error: the key of the map is missing\n  hint: as in @m[tid]\n"},
    {"BEGIN { @m[1 = 2; }",
     "1:14-15: error: syntax error: unexpected '=', ',' or ']' is expected\n  hint: a comparison is written ==\n"},
    {"BEGIN { printf(\"x\"; }",
     "1:19-20: error: syntax error: unexpected ';', ',' or ')' is expected\n  hint: it is missing after the arguments\n"},
    {"BEGIN { $x = args.foo; }",
     "1:14-18: error: args can only be used in a uretprobe or a uprobe, not in BEGIN\n"},
    {"BEGIN { $x = (struct foo *)1; }",
     "1:15-21: error: structures are not supported\n  hint: read memory with *(uint64*)(pointer + offset)\n"},
    {"BEGIN { $x = (uint64**)1; }",
     "1:22-23: error: pointers to pointers are not supported\n  hint: read the inner pointer with *(uint64*)p\n"},
    {"BEGIN { $x = (uint64 1; }",
     "1:22-23: error: syntax error: unexpected '1', ')' is expected\n  hint: it is missing after the type\n"},
    {"BEGIN { $x = (uint46)1; }",
     "1:15-21: error: unknown type 'uint46'\n  hint: did you mean uint16?\n"},
    {"BEGIN { $x = (bool*)1; }",
     "1:14-20: error: only pointers to integers can be read\n  hint: as in (uint64*)p\n"},
    {"#include <linux/sched.h>",
     "1:1-25: error: #include and #define are not supported\n  hint: write the numbers out\n"},
    {"struct foo { int x; }",
     "1:1-7: error: type definitions are not supported\n"},
    {"config = { max_strlen = 0 } BEGIN { }",
     "1:12-26: error: max_strlen must be a number from 1 to 4096\n"},
    {"config = { max_strlan = 10 } BEGIN { }",
     "1:12-27: error: unknown setting 'max_strlan'\n  hint: did you mean max_strlen?\n"},
    {"config = { log_size = 10; on_stack_limit = 5 } BEGIN { }",
     "1:12-25: warning: the setting 'log_size' has no effect in gotap\n1:27-45: warning: the setting 'on_stack_limit' has no effect in gotap\n"},
    {"config = { max_strlen = 10 BEGIN { }",
     "1:28-33: error: syntax error: unexpected 'BEGIN', ';' is expected\n  hint: settings are separated by ';'\n1:1-7: error: this config block is not closed: a '}' is missing\n"},
    {"BEGIN { } config = { max_strlen = 10 }",
     "1:11-17: error: the config block must come before all probes\n"},
    {"let @m = hash(10);",
     "1:1-4: error: map declarations are not supported\n"},
    {"",
     "1:1-1: error: this script has no probes\n  hint: as in BEGIN { printf(\"hello\\n\"); exit(); }\n"},
    {"// nothing",
     "1:1-1: error: this script has no probes\n  hint: as in BEGIN { printf(\"hello\\n\"); exit(); }\n"},
    {"BEGIN { $x = (1, 2); $y = $x + 1; }",
     "1:27-33: error: a (int64,int64) has no +\n"},
    {"BEGIN { $x = (1, 2); print($x.2); }",
     "1:28-32: error: this tuple has 2 parts, the last is .1\n"},
    {"BEGIN { $x = 1; print($x.0); }",
     "1:23-27: error: an int64 has no parts\n  hint: only tuples have .0, .1\n"},
    {"BEGIN { $x = (1, 2); $x = (1, \"a\"); }",
     "1:22-35: error: type mismatch for $x: it holds '(int64,int64)' already, this is '(int64,string[8])'\n"},
    {"BEGIN { printf(\"%r\", pid); }",
     "1:22-25: error: printf: %r expects a buf() (uint32 supplied)\n  hint: as in printf(\"%r\", buf(arg0, 16))\n"},
    {"BEGIN { system(\"ls\"); }",
     "1:9-21: error: system() runs commands on this machine, and so is unsafe\n  hint: --unsafe allows it\n"},
    {"BEGIN { print(buf(5)); }",
     "1:15-21: error: buf() needs the number of bytes\n  hint: as in buf(arg0, 16)\n"},
    {"BEGIN { @m[1] = 1; $x = len(@m); }",
     "1:25-32: error: len() can be printed, but not computed with\n  hint: as in printf(\"%d\\n\", len(@m))\n"},
    {"BEGIN { print(strlen(5)); }",
     "1:22-23: error: strlen() takes a string, not an int64\n  hint: text at an address is str(address)\n"},
    {"BEGIN { $x = \"a\"; print(strcontains(str(5), str(6))); }",
     "1:25-52: error: strcontains() would take too long for the kernel: up to 1048576 steps, 8192 are allowed\n  hint: use shorter strings: str(p, n) with a constant n\n"},
    {"BEGIN { print(nsecs(sw_tai)); }",
     "1:21-27: error: nsecs() takes the name of a clock\n  hint: clocks are boot, monotonic and tai\n"},
    {"BEGIN { print(username == \"root\"); }",
     "1:15-33: error: username cannot be compared\n  hint: uid can: the user's number\n"},
    {"BEGIN { print(curtask); }",
     "1:15-22: error: 'curtask' is not supported\n"},
    {"BEGIN { $x = pidd; }",
     "1:14-18: error: unknown word 'pidd'\n  hint: did you mean pid?\n"},
    {"BEGIN { prntf(\"x\"); }",
     "1:9-19: error: unknown function 'prntf'\n  hint: did you mean printf?\n"},
    {"BEGIN { $x = hello; }",
     "1:14-19: error: unknown word 'hello'\n  hint: text is written in double quotes\n"},
    {"BEGIN { $x = kstack; }",
     "1:14-20: error: 'kstack' is not supported\n"},
    {"BEGIN { $x = printf(\"x\"); }",
     "1:14-25: error: printf() gives no value\n  hint: it is a statement of its own\n"},
    {"BEGIN { $x = func; }",
     "1:14-18: error: func can only be used in a uretprobe or a uprobe, not in BEGIN\n"},
    {"uprobe:./go:f { $x = retval; }",
     "1:22-28: error: retval can only be used in a uretprobe, not in uprobe\n"},
    {"uprobe:./go:f { $x = duration; }",
     "1:22-30: error: duration can only be used in a uretprobe, not in uprobe\n"},
    {"interval:s:1 { $x = arg0; }",
     "1:21-25: error: arg0 can only be used in a uretprobe or a uprobe, not in interval\n"},
    {"END { $x = reg(\"ax\"); }",
     "1:12-21: error: reg can only be used in a uretprobe or a uprobe, not in END\n"},
    {"uprobe:./future:f { $x = goid; }",
     "1:26-30: error: goid: ./future is of a Go version that is not known\n"
     "  hint: calls and durations can be had all the same\n"},
    {"uprobe:./go:f+4 { $x = outermost; }",
     "1:24-33: error: outermost: no call begins or returns at uprobe:./go:f+4\n"
     "  hint: it is for uprobe:FILE:FUNCTION and uretprobe:FILE:FUNCTION\n"},
    {"uprobe:./go:f+4 { $x = depth; }",
     "1:24-29: error: depth: no call begins or returns at uprobe:./go:f+4\n"
     "  hint: it is for uprobe:FILE:FUNCTION and uretprobe:FILE:FUNCTION\n"},
    {"uprobe:./go:f { $x = goid(\"a\"); }",
     "1:27-30: error: the argument of goid() must be a number, not a string\n"},
    {"uprobe:./c:f { $x = goid; }",
     "1:21-25: error: goid: ./c is not a Go program: it has no goroutines\n  hint: threads are told apart by tid\n"},
    {"uretprobe:./old:f { $x = retval; }",
     "1:26-32: error: retval: ./old was built by Go 1.15.9, which returns results on the stack\n  hint: they lie behind the arguments: *(reg(\"sp\")+8), *(reg(\"sp\")+16), ... are the arguments' words, then the results'\n"},
    {"uprobe:./go:f { $x = arg9; }",
     "1:22-26: error: arg9: Go passes 9 words in registers, arg0 to arg8\n  hint: words on the stack are sarg0, sarg1, ...\n"},
    {"uprobe:./c:f { $x = arg6; }",
     "1:21-25: error: arg6: C passes 6 words in registers, arg0 to arg5\n  hint: words on the stack are sarg0, sarg1, ...\n"},
    {"uprobe:./go:f { $x = sarg1000; }",
     "1:22-30: error: no function has so many arguments\n"},
    {"uprobe:./go:f { $x = reg(\"axx\"); }",
     "1:26-31: error: unknown register 'axx'\n  hint: did you mean \"ax\"?\n"},
    {"uprobe:./go:f { $x = reg(\"zzzzzz\"); }",
     "1:26-34: error: unknown register 'zzzzzz'\n  hint: registers are ax bx cx dx si di bp sp ip r8 to r15 flags\n"},
    {"uprobe:./go:f { $x = reg(1); }",
     "1:26-27: error: reg() takes a register's name in quotes\n  hint: as in reg(\"ax\")\n"},
    {"BEGIN { $x = str; }",
     "1:14-17: error: str needs its arguments in parentheses\n  hint: as in str(address[, length])\n"},
    {"BEGIN { $x = str(); }",
     "1:14-19: error: str() needs arguments\n  hint: as in str(address[, length])\n"},
    {"BEGIN { $x = pid(1); }",
     "1:14-20: error: pid() takes no arguments\n  hint: as in pid\n"},
    {"BEGIN { $x = str(1, 2, 3); }",
     "1:14-26: error: str() takes fewer arguments\n  hint: as in str(address[, length])\n"},
    {"BEGIN { $x = str(\"a\"); }",
     "1:14-22: error: this is a string already\n  hint: str() takes an address\n"},
    {"BEGIN { $x = str(pid); }",
     "1:18-21: error: str() takes an address, not a uint32\n"},
    {"BEGIN { $x = str(1, -1); }",
     "1:21-23: error: the length of a string is not negative\n"},
    {"BEGIN { $x = str(1, 5000); }",
     "1:21-25: warning: strings are cut at 1024 bytes\n  hint: BPFTRACE_MAX_STRLEN sets the limit\n"},
    {"BEGIN { printf(pid); }",
     "1:16-19: error: the format of printf() must be written out in quotes\n  hint: as in printf(\"%d\\n\", pid)\n"},
    {"BEGIN { printf(\"%d\"); }",
     "1:9-21: error: not enough arguments for format string (0 supplied, 1 expected)\n"},
    {"BEGIN { printf(\"x\", 1); }",
     "1:9-23: error: too many arguments for format string (1 supplied, 0 expected)\n"},
    {"BEGIN { printf(\"%d %s\", 1); }",
     "1:9-27: error: not enough arguments for format string (1 supplied, 2 expected)\n"},
    {"BEGIN { printf(\"%d\", \"a\"); }",
     "1:22-25: error: printf: %d expects a number (string supplied)\n  hint: strings are %s\n"},
    {"BEGIN { printf(\"%s\", (uint64*)1); }",
     "1:22-32: error: printf: %s expects a string (uint64 * supplied)\n  hint: text at an address is str(address), the address itself %p\n"},
    {"BEGIN { printf(\"%f\", 1); }",
     "1:22-23: error: printf: %f expects a floating point number (int64 supplied)\n"},
    {"BEGIN { printf(\"%y\", 1); }",
     "1:16-20: error: unknown conversion '%y' in the format\n  hint: numbers are %d %u %x %o %c %p, floating point ones %f %e %g, strings %s, bytes %r, any Go value %v, a percent sign %%\n"},
    {"BEGIN { printf(\"100%\"); }",
     "1:16-22: error: the format ends in '%'\n  hint: a percent sign is written %%\n"},
    {"BEGIN { printf(\"%99999d\", 1); }",
     "1:16-25: error: the width of '%99999d' is too large\n  hint: at most 4096\n"},
    {"BEGIN { printf(\"%*d\", \"a\", 1); }",
     "1:23-26: error: printf: %* expects a number (string supplied)\n  hint: strings are %s\n"},
    {"BEGIN { time(1); }",
     "1:14-15: error: the format of time() must be written out in quotes\n  hint: as in time(\"%H:%M:%S\\n\")\n"},
    {"BEGIN { print(pid, 1); }",
     "1:20-21: error: print() takes top and div for a whole map only\n  hint: as in print(@m, 10)\n"},
    {"BEGIN { @m = 1; print(@m, -1); }",
     "1:27-29: error: the top of print() must be at least 0\n"},
    {"BEGIN { @m = 1; print(@m, pid); }",
     "1:27-30: error: the top of print() must be a number written in the script\n"},
    {"BEGIN { clear(1); }",
     "1:15-16: error: clear() takes a whole map\n  hint: as in clear(@m)\n"},
    {"BEGIN { @m[1] = 1; clear(@m[1]); }",
     "1:26-31: error: clear() takes a whole map\n  hint: one entry is removed by delete(@m, key)\n"},
    {"BEGIN { @m[1] = 1; delete(1); }",
     "1:27-28: error: delete() takes a map and a key\n  hint: as in delete(@m, key)\n"},
    {"BEGIN { @m[1] = 1; delete(@m); }",
     "1:27-29: error: @m has 1 key elsewhere, but no key here\n"},
    {"BEGIN { exit(\"a\"); }",
     "1:14-17: error: the exit code must be a number, not a string\n"},
    {"BEGIN { count(); }",
     "1:9-16: error: count() stands only right behind @map =\n  hint: as in @m = count()\n"},
    {"BEGIN { $x = count(); }",
     "1:14-21: error: count() stands only right behind @map =\n  hint: as in @m = count()\n"},
    {"BEGIN { @m = count(1); }",
     "1:14-22: error: count() takes 0 arguments\n  hint: as in @m = count()\n"},
    {"BEGIN { @m = sum(); }",
     "1:14-19: error: sum() takes 1 argument\n  hint: as in @m = sum(n)\n"},
    {"BEGIN { @m = sum(\"a\"); }",
     "1:18-21: error: what is aggregated must be a number, not a string\n"},
    {"BEGIN { @m = hist(1, 6); }",
     "1:22-23: error: the bits of hist() must be at most 5\n"},
    {"BEGIN { @m = hist(1, pid); }",
     "1:22-25: error: the bits of hist() must be a number written in the script\n"},
    {"BEGIN { @m = lhist(1, 10, 5, 1); }",
     "1:14-32: error: the minimum of lhist() must be less than its maximum\n  hint: as in @m = lhist(n, min, max, step)\n"},
    {"BEGIN { @m = lhist(1, 0, 10, 0); }",
     "1:30-31: error: the step of lhist() must be at least 1\n"},
    {"BEGIN { @m = lhist(1, 0, 10, 20); }",
     "1:14-33: error: the step of lhist() is larger than its range\n  hint: as in @m = lhist(n, min, max, step)\n"},
    {"BEGIN { @m = lhist(1, 0, 100000, 1); }",
     "1:14-36: error: this lhist() has too many buckets: at most 1000\n  hint: a larger step\n"},
    {"BEGIN { @m = lhist(1, 0, 10, 3); }",
     "1:14-32: warning: the range of lhist() is no multiple of its step: its last bucket ends at 9\n"},
    {"BEGIN { @m = hist(1); @m = hist(1, 2); }",
     "1:28-38: error: the histogram @m has other buckets elsewhere\n"},
    {"BEGIN { @m = count(); @m = sum(1); }",
     "1:28-34: error: type mismatch for @m: it holds 'count_t' elsewhere and 'sum_t' here\n"},
    {"BEGIN { @m = count(); @m = 1; }",
     "1:23-29: error: @m holds an aggregation (count_t) elsewhere: it cannot be assigned a value\n  hint: use a map of another name\n"},
    {"BEGIN { @m = 1; @m = count(); }",
     "1:22-29: error: type mismatch for @m: it holds 'int64' elsewhere and 'count_t' here\n"},
    {"BEGIN { @m = count(); @m++; }",
     "1:23-27: error: @m holds an aggregation (count_t): it cannot be a counter too\n"},
    {"BEGIN { @m = hist(1); $x = @m + 1; }",
     "1:28-30: error: @m holds an aggregation (hist_t), which has no value to compute with\n  hint: print(@m) prints it\n"},
    {"BEGIN { @m[1] = hist(1); if (@m[1] > 5) { } }",
     "1:30-35: error: @m holds an aggregation (hist_t), which has no value to compute with\n  hint: print(@m[...]) prints it\n"},
    {"BEGIN { @start = 1; print(@strat); }",
     "1:27-33: error: undefined map: @strat\n  hint: did you mean @start?\n"},
    {"BEGIN { print(@x); }",
     "1:15-17: error: undefined map: @x\n  hint: nothing in the script writes to it, as @x = ... would\n"},
    {"BEGIN { @m[1] = 1; @m[1, 2] = 2; }",
     "1:20-28: error: @m has 1 key elsewhere, but 2 keys here\n"},
    {"BEGIN { @m[1] = 1; $x = @m; }",
     "1:25-27: error: @m has 1 key elsewhere, but no key here\n"},
    {"BEGIN { @m[1] = 1; @m[\"a\"] = 2; }",
     "1:23-26: error: type mismatch for @m: the key is 'string' here and 'int64' elsewhere\n"},
    {"BEGIN { @m = 1; @m = \"a\"; }",
     "1:17-25: error: type mismatch for @m: it holds 'int64' elsewhere, this is 'string'\n"},
    {"BEGIN { @m = \"a\"; @m += 1; }",
     "1:19-26: error: a string has no +\n  hint: print them one after the other\n"},
    {"BEGIN { @m = \"a\"; @m++; }",
     "1:19-23: error: only integers have ++, @m is a string\n"},
    {"BEGIN { @m[$k++] *= 2; }",
     "1:12-14: error: undefined variable: $k\n  hint: a variable lives in one block only; maps (@x) are shared\n"},
    {"BEGIN { $k = 1; @m[$k++] *= 2; }",
     "1:17-25: error: the key would be counted twice\n  hint: count it in a statement before\n"},
    {"BEGIN { @a = @b; @b = @a; }",
     "1:9-11: error: the type of @a cannot be told from the script\n  hint: it is only ever made from itself\n"},
    {"BEGIN { $x = 1; $x = \"a\"; }",
     "1:17-25: error: type mismatch for $x: it holds 'int64' already, this is 'string'\n"},
    {"BEGIN { $x = $y; }",
     "1:14-16: error: undefined variable: $y\n  hint: a variable lives in one block only; maps (@x) are shared\n"},
    {"BEGIN { $count = 1; $x = $cuont; }",
     "1:26-32: error: undefined variable: $cuont\n  hint: did you mean $count?\n"},
    {"BEGIN { if (1) { $x = 1; } $y = $x; }",
     "1:33-35: error: undefined variable: $x\n  hint: the block it belongs to is over: assign to it before that block too\n"},
    {"BEGIN { $x += 1; }",
     "1:9-11: error: undefined variable: $x\n  hint: a variable lives in one block only; maps (@x) are shared\n"},
    {"BEGIN { $x = 1 / 0; }",
     "1:14-19: error: division by zero\n"},
    {"BEGIN { $x = pid % 0; }",
     "1:14-21: error: division by zero\n"},
    {"BEGIN { $x = pid << 64; }",
     "1:14-23: error: a shift must be by 0 to 63 bits\n"},
    {"BEGIN { $x = 9223372036854775807 * 4; }",
     "1:14-37: error: integer overflow: the result does not fit in 64 bits\n"},
    {"BEGIN { $x = -9223372036854775809; }",
     "1:14-34: error: integer overflow: the number does not fit in 64 bits\n"},
    {"BEGIN { $x = -18446744073709551615; }",
     "1:14-35: error: integer overflow: the number does not fit in 64 bits\n"},
    {"BEGIN { $x = \"a\" + \"b\"; }",
     "1:14-23: error: a string has no +\n  hint: print them one after the other\n"},
    {"BEGIN { $x = \"a\" < \"b\"; }",
     "1:14-23: error: strings have no <\n  hint: they have == and !=\n"},
    {"BEGIN { $x = comm == 1; }",
     "1:14-23: error: a string cannot be compared with an int64\n  hint: text at an address is str(address)\n"},
    {"BEGIN { $x = -\"a\"; }",
     "1:15-18: error: the operand of - must be a number, not a string\n"},
    {"BEGIN { $x = -(uint64*)1; }",
     "1:14-25: error: a pointer has no -\n  hint: make it a number: (uint64)p\n"},
    {"BEGIN { $x = (uint64*)1 * 2; }",
     "1:14-28: error: pointers have no * here\n  hint: make them numbers: (uint64)p\n"},
    {"BEGIN { $x = (uint64)\"a\"; }",
     "1:14-25: error: a string cannot be cast to uint64\n"},
    {"BEGIN { $x = (string)1; }",
     "1:14-23: error: a cast makes no string\n  hint: text at an address is str(address)\n"},
    {"BEGIN { $x = *pid; }",
     "1:14-18: error: a uint32 is not an address\n  hint: addresses have 64 bits: (uint64)\n"},
    {"BEGIN { $x = *\"a\"; }",
     "1:14-18: error: a string is not an address\n"},
    {"BEGIN { $x = pid[0]; }",
     "1:14-20: error: only pointers have elements\n  hint: as in ((uint64*)arg0)[1]\n"},
    {"BEGIN { $x = 1 ? \"a\" : 2; }",
     "1:14-25: error: the two choices have different types: 'string' and 'int64'\n"},
    {"BEGIN { if (\"a\") { } }",
     "1:12-17: error: a condition must be a number, not a string\n"},
    {"BEGIN /\"a\"/ { }",
     "1:8-11: error: a predicate must be a number, not a string\n"},
    {"uprobe:./go:f { if (func == \"f\") { } }",
     "1:20-33: error: probe and func cannot be compared\n  hint: name the function in a probe of its own\n"},
    {"BEGIN { if (nsecs < 0) { } }",
     "1:12-23: warning: an unsigned number is never below zero\n  hint: if it is signed: (int64)\n"},
    {"BEGIN { if ((int64)pid < nsecs) { } }",
     "1:12-32: warning: a signed and an unsigned number are compared as unsigned numbers\n  hint: say how it is meant: (int64) or (uint64)\n"},
    {"BEGIN { $x = (int64)pid / nsecs; }",
     "1:14-32: warning: a signed and an unsigned number are divided as unsigned numbers\n  hint: say how it is meant: (int64) or (uint64)\n"},
    {"BEGIN { 1 + 2; }",
     "1:9-14: warning: the value of this expression is not used\n"},
    {"BEGIN { $p = (uint64*)1; $p++; }",
     "1:26-30: error: only integers have ++, $p is a uint64 *\n"},
    {"BEGIN { @m = 1; delete(@m, 1); }",
     "1:24-26: error: @m has no key elsewhere, but 1 key here\n"},
    {"BEGIN { printf(\"%d\", nsecs, \"a\", kaboom); }",
     "1:9-41: error: too many arguments for format string (3 supplied, 1 expected)\n"
     "1:34-40: error: unknown word 'kaboom'\n  hint: text is written in double quotes\n"},
    {"BEGIN { if (pid = 1) { } }",
     "1:17-18: error: syntax error: unexpected '=', ')' is expected\n  hint: a comparison is written ==\n"},
    {"uprobe:./go:f, { }",
     "1:16-17: error: a probe is expected here\n  hint: as in uprobe:./app:main.work { ... }\n"},
    {"uprobe:./go:f { $x = retval.err; }",
     "1:22-28: error: retval can only be used in a uretprobe, not in uprobe\n"},
    {"BEGIN { $x = 1; $x[0] = 2; }",
     "1:17-22: error: only variables ($x) and maps (@x) can be assigned to\n"},
    {"BEGIN { unroll(3) { printf(\"x\"); } @x = 1 / 0; }",
     "1:41-46: error: division by zero\n"},
    {"uprobe:./go:\"main.f { }",
     "1:13-24: error: this string does not end on its line\n  hint: close it with \"; a line break inside is written \\n\n"},
    {"uprobe:\"./go:main.f { }",
     "1:8-24: error: this string does not end on its line\n  hint: close it with \"; a line break inside is written \\n\n"},
    {"BEGIN { @x = ; @y = 1 + ; exit(); }",
     "1:14-15: error: syntax error: unexpected ';', a value is expected\n"
     "1:25-26: error: syntax error: unexpected ';', a value is expected\n"},
    {"BEGIN { @x = (int64)comm; @y = \"a\" == 1; }",
     "1:14-25: error: a string cannot be cast to int64\n"
     "1:32-40: error: a string cannot be compared with an int64\n  hint: text at an address is str(address)\n"},
    {"fn foo($a : int64) : int64 { return 1; } BEGIN { foo(1); }",
     "1:1-3: error: functions of one's own are not supported\n"},
    {"BEGIN { $x = pid ?: printf(\"a\"); }",
     "1:21-32: error: printf() gives no value\n  hint: it is a statement of its own\n"},
    {"BEGIN { @x = max(\"a\"); @y = lhist(1); }",
     "1:18-21: error: what is aggregated must be a number, not a string\n"
     "1:29-37: error: lhist() takes 4 arguments\n  hint: as in @m = lhist(n, min, max, step)\n"},
    {"BEGIN { time(\"%H\", 1); print(); exit(1, 2); }",
     "1:9-22: error: time() takes fewer arguments\n  hint: as in time([\"format\"])\n"
     "1:24-31: error: print() needs arguments\n  hint: as in print(value), print(@m[, top[, div]])\n"
     "1:33-43: error: exit() takes fewer arguments\n  hint: as in exit([code])\n"},
    {"BEGIN { @m[func] = 1; }",
     "1:12-16: error: func can only be used in a uretprobe or a uprobe, not in BEGIN\n"},
    {"BEGIN { $p = (uint64*)1; $q = (uint8*)1; $p = $q; }",
     "1:42-49: error: type mismatch for $p: it holds 'uint64 *' already, this is 'uint8 *'\n"},
    {"BEGIN { $x = str(0, \"a\"); }",
     "1:21-24: error: the length of str() must be a number, not a string\n"},
    {"uprobe:./go:\"main.swap\" + 40 { }",
     "1:25-26: error: syntax error: unexpected '+', a block '{ ... }' or a /predicate/ is expected\n  hint: an offset stands right behind the name: \"main.swap\"+40\n"},
    {"uprobe:./go:main.f,main.g { }",
     "1:20-24: error: unknown probe type 'main'\n  hint: probes are BEGIN, END, interval, uprobe and uretprobe; a comma separates them unless it stands in quotes or brackets\n"},
    {"uprobe:$1:main.f { }",
     "1:8-10: error: positional parameter $1 is empty or not provided\n  hint: parameters stand behind the script: gotap SCRIPT PARAMETER...\n"},
    {"uprobe:./go:$1 { }",
     "1:13-15: error: positional parameter $1 is empty or not provided\n  hint: parameters stand behind the script: gotap SCRIPT PARAMETER...\n"},
    {"uprobe:\"./go\\0\":main.f { }",
     "1:1-16: error: no path holds a NUL character\n"},
    {"BEGIN { @a[1] = 1; @b[2] = 2; delete(@a[1], 5); }",
     "1:45-46: error: delete() takes a map and a key\n  hint: as in delete(@m, key)\n"},
    {"BEGIN { @a[1] = 1; pid ? delete(@a[1], @a[2]) : exit(); }",
     "1:40-45: error: delete() removes one entry at a time here\n  hint: a delete() of its own for each\n"},
    {"u:./demo:main.handle { print(args.req.Kye); }",
     "1:39-42: error: main.Request has no field Kye\n  hint: did you mean Key? its fields are Key, Value, Size, Next, Inner, Base, Tags, Hash, Labels, Queue, Err, Any and 2 more\n"},
    {"u:./demo:main.handle { print(args.kye); }",
     "1:30-38: error: main.handle has no parameter kye\n  hint: did you mean key? main.handle(req *main.Request, key string, n int32, ok bool, ratio float64) (res int, err error)\n"},
    {"u:./demo:main.handle { $a = (args); print(captured); print(global(1)); }",
     "1:29-35: error: args needs the name or the number of one\n  hint: as in args.key or args.0\n"
     "1:43-51: error: captured needs the name or the number of one\n  hint: as in captured.key or captured.0\n"
     "1:60-69: error: global() takes the name of a package variable in quotes\n  hint: as in global(\"main.counter\")\n"},
    {"u:./demo:main.handle { $a = (args.req); $b = (*args.req); $c = (args.req.Tags); $d = (args.req.Value); }",
     "1:46-57: error: a main.Request is a struct: pick a part of it\n  hint: its fields are Key, Value, Size, Next, Inner, Base, Tags, Hash, Labels, Queue, Err, Any and 2 more\n"
     "1:74-78: error: a [3]string is an array: pick a part of it\n  hint: [0], len(), of bytes buf(...[:])\n"
     "1:96-101: error: a []uint8 is no value of its own\n  hint: show it by str() or buf(), or pick a part: [0], len()\n"},
    {"u:./demo:main.handle { print(args.req.Tags[3]); print(args.n[0]); print(args.n.x.y); print(args.req.3); }",
     "1:43-46: error: [3]string has 3 elements, there is no [3]\n  hint: the last is [2]\n"
     "1:61-64: error: an int32 has no elements\n"
     "1:80-81: error: an int32 has no fields\n"
     "1:101-102: error: fields have names\n  hint: an element is [3]\n"},
    {"u:./demo:main.handle { print(args.key == nil); print(args.n == nil); print(pid == nil); print(nil == nil); $x = nil; }",
     "1:30-38: error: a string is never nil\n  hint: an empty string is \"\"\n"
     "1:54-60: error: an int32 is never nil\n"
     "1:76-79: error: a uint32 is never nil\n  hint: compare it with 0\n"
     "1:95-105: error: nil is compared with itself\n"
     "1:113-116: error: nil stands only behind == and !=\n  hint: as in args.err != nil\n"},
    {"ur:./demo:main.handle { print(retval.err == \"x\"); print(retval.err == retval.err); if (retval.err) { } print(typeof(retval.err) == \"x\"); }",
     "1:31-48: error: an error is compared with nil only\n  hint: as in args.err != nil; what it holds is args.err.(*pkg.Type)\n"
     "1:57-81: error: an error is compared with nil only\n  hint: as in args.err != nil; what it holds is args.err.(*pkg.Type)\n"
     "1:87-99: error: a condition must be a number, not an error\n"
     "1:110-135: error: a type can be shown and be a key, but not be compared\n  hint: what it holds is args.err.(*pkg.Type)\n"},
    {"u:./demo:main.handle { @ = args.ratio; print(args.ratio + 1); printf(\"%d %f\", args.ratio, args.n); }",
     "1:28-38: error: floating point numbers can be shown, but not computed with or kept\n  hint: as in printf(\"%f\\n\", args.x)\n"
     "1:46-56: error: floating point numbers can be shown, but not computed with or kept\n  hint: as in printf(\"%f\\n\", args.x)\n"
     "1:79-89: error: printf: %d expects a number (float64 supplied)\n  hint: floating point numbers are %f, %e, %g\n"},
    {"u:./demo:main.handle { $p = args.req; print($p.Key); print(pid.x); print((1, 2).a); print(\"a\"[1:]); }",
     "1:45-51: error: only values of Go programs have fields and parts\n  hint: they begin with args, retval, captured, local or global(), as in args.req.Key\n"
     "1:60-65: error: only values of Go programs have fields and parts\n  hint: they begin with args, retval, captured, local or global(), as in args.req.Key\n"
     "1:74-82: error: only values of Go programs have fields and parts\n  hint: they begin with args, retval, captured, local or global(), as in args.req.Key\n"
     "1:91-98: error: only values of Go programs have fields and parts\n  hint: they begin with args, retval, captured, local or global(), as in args.req.Key\n"},
    {"u:./demo@main.go:0 { }", "1:18-19: error: lines count from 1\n"},
    {"ur:./demo@main.go:7 { }",
     "1:1-20: error: a line of source has no return: uretprobe takes a whole function\n  hint: a uprobe is for lines, too\n"},
    {"u:@main.go:7 { }", "1:1-13: error: the path of the program is missing\n"},
    {"u:./demo@main.go:7 { print(local.k); print(local); print(local.0); print(args.key); print(trace_id()); }",
     "1:28-35: error: there is no variable k on line 7\n"
     "1:44-49: error: local needs the name of a variable\n  hint: as in local.key\n"
     "1:58-65: error: local needs the name of a variable\n  hint: as in local.key\n"
     "1:74-82: error: args: arguments are known where a call begins only, not at a line\n  hint: what has a name at the line is local.key\n"
     "1:91-101: error: trace_id(): arguments are known where a call begins only, not at a line\n  hint: name the variable: trace_id(local.ctx)\n"},
    {"u:./demo:main.handle { print(local.key); }",
     "1:30-39: error: local: variables are known at lines of source only\n  hint: as in uprobe:./demo@FILE:LINE; a function's parameters are args.NAME\n"},
    {"u:./demo:main.unknown { print(args.x); print(args.0); }",
     "1:31-37: error: main.unknown: signature unknown: stripped\n  hint: a build of the same source that has DWARF tells: --debug-binary FILE; you can: --signature 'FUNCTION'; the words themselves are arg0, arg1, ... and retval\n"
     "1:46-52: error: main.unknown: signature unknown: stripped\n  hint: a build of the same source that has DWARF tells: --debug-binary FILE; you can: --signature 'FUNCTION'; the words themselves are arg0, arg1, ... and retval\n"},
    {"ur:./demo:main.unknown { print(len(retval)); print(typeof(retval)); print(retval == nil); print(retval); }",
     "1:36-42: error: main.unknown: signature unknown: stripped\n  hint: a build of the same source that has DWARF tells: --debug-binary FILE; you can: --signature 'FUNCTION'; the words themselves are arg0, arg1, ... and retval\n"
     "1:59-65: error: main.unknown: signature unknown: stripped\n  hint: a build of the same source that has DWARF tells: --debug-binary FILE; you can: --signature 'FUNCTION'; the words themselves are arg0, arg1, ... and retval\n"
     "1:75-81: error: main.unknown: signature unknown: stripped\n  hint: a build of the same source that has DWARF tells: --debug-binary FILE; you can: --signature 'FUNCTION'; the words themselves are arg0, arg1, ... and retval\n"},
    {"ur:./c:f { print(len(retval)); } ur:./demo:main.handle { print(cap(retval)); }",
     "1:18-29: error: retval: ./c:f is not Go's\n  hint: its words are arg0, arg1, ... and retval\n"
     "1:68-74: error: main.handle has several results\n  hint: as in retval.0: main.handle(req *main.Request, key string, n int32, ok bool, ratio float64) (res int, err error)\n"},
    {"u:./demo:main.h*,u:./demo:main.b* { $a = (args.key); }",
     "1:42-52: error: main.bytes: a []uint8 is no value of its own\n  hint: show it by str() or buf(), or pick a part: [0], len()\n"},
    {"u:./demo:main.handle,ur:./demo:main.handle { print(args.n); }",
     "1:52-58: error: args are looked at where the call begins, by uprobe and uretprobe alike\n  hint: a block for each of the two\n"},
    {"u:./demo:main.handle+4 { print(args.n); print(global(\"main.count\")); }",
     "1:32-38: error: args: arguments are known where a call begins only, not at an instruction\n  hint: without an offset: uprobe:./demo:FUNCTION; a register here is reg(\"ax\")\n"},
    {"u:./demo:0x401000 { print(args.n); }",
     "1:27-33: error: args: arguments are known where a call begins only, not at an instruction\n  hint: without an offset: uprobe:./demo:FUNCTION; a register here is reg(\"ax\")\n"},
    {"u:./c:f { print(args.n); print(label(\"x\")); }",
     "1:17-23: error: args: ./c:f is not Go's\n  hint: its words are arg0, arg1, ... and retval\n"
     "1:32-42: error: label(): ./c is not a Go program: it has no labels\n"},
    {"interval:s:1 { print(global(\"main.count\")); print(len(args.x)); }",
     "1:22-42: error: global can only be used in a uretprobe or a uprobe, not in interval\n"
     "1:55-59: error: args can only be used in a uretprobe or a uprobe, not in interval\n"},
    {"u:./demo:main.handle { print(retval.err); }",
     "1:30-36: error: retval can only be used in a uretprobe, not in uprobe\n"},
    {"ur:./demo:main.pair { $i = 1; print(args.list[$i].Key); print(retval.0.Nope); print(retval.9); }",
     "1:47-49: error: what is kept when a call begins has indices that are numbers\n  hint: this one is known at the return only\n"
     "1:72-76: error: main.Pair has no field Nope\n  hint: did you mean Name? its fields are Name, N and F\n"
     "1:85-93: error: main.pair has no result 9: the last is retval.0\n  hint: main.pair(p main.Pair, color main.Color, list []*main.Request, ctx context.Context) (~r0 main.Pair)\n"},
    {"ur:./demo:main.handle { print(retval.err.(*main.MyErr)); print(retval.err.(x.T)); print(retval.err.msg); }",
     "1:42-55: error: the program has no type *main.MyErr\n  hint: types are written with their package, as typeof() shows them: *fs.PathError or *io/fs.PathError\n"
     "1:75-80: error: several types are called x.T\n  hint: they are a/x.T and b/x.T\n"
     "1:100-103: error: an error has no fields\n  hint: say what it holds: .(*pkg.Type), as typeof() shows it\n"},
    {"u:./demo:main.handle { print(args.err.(*main.MyError); }",
     "1:54-55: error: syntax error: unexpected ';', ',' or ')' is expected\n  hint: it is missing after the arguments\n"},
    {"u:./demo:main.handle { print(args.key[pid:2]); print(args.key[3:2]); print(args.key[-1]); print(args.); }",
     "1:39-42: error: the bounds of a part must be numbers written in the script\n  hint: as in args.key[:3]\n"
     "1:102-103: error: syntax error: unexpected ')', the name of a field is expected\n  hint: as in args.req.Key\n"},
    {"u:./demo:main.handle { print(len(args.n)); print(cap(args.key)); print(len(pid)); print(cap(pid)); print(typeof(args.n)); print(trace_id(args.n)); print(trace_id()); print(label(pid)); }",
     "1:34-40: error: an int32 has no length\n  hint: strings, slices, arrays, maps and channels have\n"
     "1:54-62: error: a string has no capacity\n  hint: slices, arrays and channels have\n"
     "1:76-79: error: len() takes a whole map or a value of a Go program\n  hint: as in len(@m), len(args.x); the length of a string is strlen(text)\n"
     "1:93-96: error: cap() takes a value of a Go program\n  hint: as in cap(args.x)\n"
     "1:113-119: error: this is always an int32\n  hint: typeof() says what an interface holds\n"
     "1:138-144: error: an int32 is no context.Context\n"
     "1:154-164: error: main.handle has no parameter of type context.Context\n  hint: name where there is one, as in trace_id(args.req.ctx): main.handle(req *main.Request, key string, n int32, ok bool, ratio float64) (res int, err error)\n"
     "1:179-182: error: the key of label() must be written out in quotes\n  hint: as in label(\"endpoint\")\n"},
    {"u:./demo:main.handle { print(str(args.key, args.n)); print(str(args.n)); print(buf(args.req)); print(str(args.req.Key, -1)); }",
     "1:44-50: error: the length of a Go value must be a number written in the script\n  hint: its own length is kept\n"
     "1:64-70: error: str() takes an address, not an int32\n"
     "1:80-93: error: buf() needs the number of bytes\n  hint: as in buf(arg0, 16)\n"
     "1:120-122: error: the length of a Go value must be a number written in the script\n  hint: its own length is kept\n"},
    {"u:./go:main.f { print(args.x); }",
     "1:23-29: error: args: ./go:main.f is not Go's\n  hint: its words are arg0, arg1, ... and retval\n"},
    {"config = { error_text = \"main.TextError, *main.MyError.Masg\" } u:./demo:main.handle { exit(); }",
     "1:12-61: error: error_text: there is no type of errors with a string *main.MyError.Masg\n  hint: a type, a dot, and a field of it that is a string, as in *main.MyError.Msg\n"},
    {"config = { error_text = \"nodot\" } BEGIN { exit(); }",
     "1:12-32: error: error_text must be types with a string field: *pkg.T.Msg, pkg.E.Text\n"},
    {"u:./demo:main.handle { print(args.key[3:2]); print(args.key[-1]); print(args.req.Hash[8:17]); }",
     "1:38-43: error: the part ends before it begins\n"
     "1:60-64: error: an index is not negative\n"
     "1:86-92: error: [16]uint8 has 16 elements\n"},
    {"ur:./demo:main.handle { printf(\"%v\", args.req); }",
     "1:38-46: error: a whole value is looked at where the call begins, not kept until it returns\n  hint: show it in a uprobe of the function, with goid to tell the calls apart, or here a part of it: %s, %d and args.x.Key\n"},
    {"u:./demo:main.handle { printf(\"%v %v\", args.key[:2], args.nope); @x = args; cat(\"%v\", args.req); }",
     "1:48-52: error: a part [low:high] is no whole value\n  hint: show it by %s, str() or buf()\n"
     "1:54-63: error: main.handle has no parameter nope\n  hint: main.handle(req *main.Request, key string, n int32, ok bool, ratio float64) (res int, err error)\n"
     "1:71-75: error: args needs the name or the number of one\n  hint: as in args.key or args.0\n"
     "1:87-95: error: cat() takes no whole values (%v)\n  hint: pick a part of it: args.x.Key\n"},
    {"config = { value_depth = 99 } BEGIN { }",
     "1:12-28: error: value_depth must be a number from 0 to 32\n"},
    {"u:./demo:main.handle,u:./demo:main.wide { printf(\"%d\", args.0); print(args.req.Key); }",
     "1:56-62: error: this is not the same in all functions: main.handle has a *main.Request, main.wide has a string\n  hint: a block for each of them\n"
     "1:71-79: error: main.wide has no parameter req\n  hint: main.wide(key string, n int64, p *int16, fp func(), ptr uintptr, small [1]int64) (~r0 string)\n"},
    {"u:./demo:main.bytes { printf(\"%s %d\", args.key, args.err); print(args.any + 1); }",
     "1:39-47: error: a []uint8 is no value of its own\n  hint: show it by str() or buf(), or pick a part: [0], len()\n"
     "1:66-78: error: an error has no +\n"},
};
// clang-format on

TEST(Diagnostics, EachMistake) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.script);
    EXPECT_EQ(brief(diagnose(row.script)), row.said);
  }
}

TEST(Diagnostics, Layout) {
  Source source{"stdin", "BEGIN { $x = 1;\n\t$x = \"a\"; }\n"};
  Parsed parsed = parse(source);
  ASSERT_TRUE(parsed.diagnostics.empty());
  EXPECT_EQ(render(check(parsed.script, test_facts).diagnostics, source),
            "stdin:2:2-10: ERROR: type mismatch for $x: it holds 'int64' already, this is "
            "'string'\n"
            "    $x = \"a\"; }\n"
            "    ~~~~~~~~\n");
  Source hinted{"a.bt", "BEGIN { 1 + 2; $x = pidd }"};
  parsed = parse(hinted);
  EXPECT_EQ(render(check(parsed.script, test_facts).diagnostics, hinted),
            "a.bt:1:9-14: WARNING: the value of this expression is not used\n"
            "BEGIN { 1 + 2; $x = pidd }\n"
            "        ~~~~~\n"
            "a.bt:1:21-25: ERROR: unknown word 'pidd'\n"
            "BEGIN { 1 + 2; $x = pidd }\n"
            "                    ~~~~\n"
            "HINT: did you mean pid?\n");
}

TEST(Diagnostics, PlaceAtTheEnd) {
  Source source{"a.bt", "uprobe:./go:main.f"};
  EXPECT_EQ(
      render(parse(source).diagnostics, source),
      "a.bt:1:19-20: ERROR: syntax error: unexpected the end of the script, a block '{ ... }' "
      "or a /predicate/ is expected\n"
      "uprobe:./go:main.f\n"
      "                  ~\n"
      "HINT: a function name with blanks or a comma stands in quotes\n");
}

// Whatever a script holds, nothing of it acts on the terminal.
TEST(Diagnostics, ControlCharactersAreShown) {
  Source source{"a\033[31m.bt", "BEGIN { \033[2J\xff; }"};
  std::string out = render(parse(source).diagnostics, source);
  EXPECT_EQ(out.find('\033'), std::string::npos);
  EXPECT_EQ(out.find('\xff'), std::string::npos);
  EXPECT_NE(out.find("a\\x1b[31m.bt:1:9-10: ERROR: unexpected character"), std::string::npos);
  EXPECT_NE(out.find("BEGIN { \\x1b[2J\\xff; }\n        ~~~~\n"), std::string::npos) << out;
}

TEST(Diagnostics, CharactersOfSeveralBytesTakeOneCell) {
  Source source{"a", "BEGIN { printf(\"\u00fc\u00fc\"); $x = pidd; }"};
  Parsed parsed = parse(source);
  EXPECT_EQ(render(check(parsed.script, test_facts).diagnostics, source),
            "a:1:30-34: ERROR: unknown word 'pidd'\n"
            "BEGIN { printf(\"\u00fc\u00fc\"); $x = pidd; }\n"
            "                           ~~~~\n"
            "HINT: did you mean pid?\n");
}

TEST(Diagnostics, LongLinesAreCut) {
  std::string blanks(500, ' ');
  Source source{"a", "BEGIN {" + blanks + "$x = pidd;" + blanks + "}"};
  Parsed parsed = parse(source);
  std::string out = render(check(parsed.script, test_facts).diagnostics, source);
  EXPECT_LT(out.size(), 600u);
  EXPECT_NE(out.find("..." + std::string(55, ' ') + "$x = pidd;"), std::string::npos) << out;
  EXPECT_NE(out.find("\n" + std::string(63, ' ') + "~~~~\n"), std::string::npos) << out;
}

TEST(Diagnostics, AtMostTwenty) {
  std::string script = "BEGIN { ";
  for (int i = 0; i < 100; i++) script += "$x = nope" + std::to_string(i) + "; ";
  EXPECT_EQ(diagnose(script + "}").size(), kMaxDiagnostics);
  EXPECT_LE(diagnose(std::string(1000, '}')).size(), kMaxDiagnostics);
}

}  // namespace
}  // namespace gotap::lang
