module inlinedargs

go 1.15
