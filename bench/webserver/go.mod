module webserver

go 1.18
