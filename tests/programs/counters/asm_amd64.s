#include "textflag.h"
#include "funcdata.h"

// func PAsm(a, b int64) int64: no frame, no stack check.
TEXT ·PAsm(SB), NOSPLIT, $0-24
	MOVQ a+0(FP), AX
	ADDQ b+8(FP), AX
	MOVQ AX, ret+16(FP)
	RET

// func PAsmFrame(a, b int64) int64: a frame, so the assembler adds a stack check.
TEXT ·PAsmFrame(SB), 0, $200-24
	NO_LOCAL_POINTERS
	MOVQ a+0(FP), AX
	MOVQ AX, x-8(SP)
	MOVQ b+8(FP), BX
	SUBQ BX, x-8(SP)
	MOVQ x-8(SP), AX
	MOVQ AX, ret+16(FP)
	RET
