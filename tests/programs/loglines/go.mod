module loglines

go 1.15
