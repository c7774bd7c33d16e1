module swapper

go 1.18
