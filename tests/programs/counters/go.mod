module counters

go 1.18
