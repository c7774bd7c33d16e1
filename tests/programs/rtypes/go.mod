module rtypes

go 1.18
