module stacker

go 1.18
