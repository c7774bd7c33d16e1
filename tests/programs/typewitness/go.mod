module gotap.test/typewitness

go 1.18
