module gotap.test/signatures

go 1.18
