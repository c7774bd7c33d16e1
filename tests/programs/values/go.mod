module values

go 1.18
