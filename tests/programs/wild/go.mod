module wild

go 1.15
