module accounts

go 1.15
