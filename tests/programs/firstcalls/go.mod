module gotap.test/firstcalls

go 1.18
