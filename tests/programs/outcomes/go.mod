module outcomes

go 1.15
