module extremes

go 1.15
