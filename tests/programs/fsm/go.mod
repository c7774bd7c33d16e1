module github.com/hashicorp/nomad

go 1.18
