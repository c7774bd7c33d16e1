module graphs

go 1.15
