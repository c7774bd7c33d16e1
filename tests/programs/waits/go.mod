module waits

go 1.15
