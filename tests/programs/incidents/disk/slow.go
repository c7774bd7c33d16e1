// Package disk makes a disk slow.
package disk

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// What linux/seccomp.h and linux/prctl.h have, on x86-64.
const (
	prSetNoNewPrivs       = 38
	sysSeccomp            = 317
	sysFsync              = 74
	setModeFilter         = 1
	newListener           = 1 << 3
	retUserNotification   = 0x7fc00000
	retAllow              = 0x7fff0000
	notificationReceive   = 0xc0502100
	notificationSend      = 0xc0182101
	notificationsContinue = 1
)

type instruction struct {
	code   uint16
	jt, jf uint8
	k      uint32
}

type program struct {
	length uint16
	filter *instruction
}

type notification struct {
	id    uint64
	pid   uint32
	flags uint32
	data  [64]byte
}

type answer struct {
	id    uint64
	value int64
	err   int32
	flags uint32
}

// Slow makes every `each`th fsync of the calling goroutine take `delay` longer, as a disk with a full cache does:
// the kernel holds the system call (a seccomp filter's listener) until we let it go on. The goroutine stays on its thread.
func Slow(each int, delay time.Duration) error {
	runtime.LockOSThread()
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	filter := []instruction{
		{0x20, 0, 0, 0},        // load the system call's number
		{0x15, 0, 1, sysFsync}, // is it this one?
		{0x06, 0, 0, retUserNotification},
		{0x06, 0, 0, retAllow},
	}
	code := program{uint16(len(filter)), &filter[0]}
	listener, _, errno := syscall.RawSyscall(sysSeccomp, setModeFilter, newListener, uintptr(unsafe.Pointer(&code)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return errno
	}
	go hold(listener, each, delay)
	return nil
}

func hold(listener uintptr, each int, delay time.Duration) {
	for n := 1; ; n++ {
		var call notification
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, listener, notificationReceive, uintptr(unsafe.Pointer(&call))); errno != 0 {
			n--
			continue // the call was interrupted, and comes again
		}
		if n%each == 0 {
			time.Sleep(delay)
		}
		reply := answer{id: call.id, flags: notificationsContinue}
		syscall.Syscall(syscall.SYS_IOCTL, listener, notificationSend, uintptr(unsafe.Pointer(&reply)))
	}
}
