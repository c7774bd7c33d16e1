module whole

go 1.15
