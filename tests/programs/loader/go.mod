module loader

go 1.18
