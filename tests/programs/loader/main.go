// loader: opens the plugin that is its first argument and calls its Main. The plugin finds its own
// arguments from the second on.
package main

import (
	"fmt"
	"os"
	"plugin"
)

func main() {
	file := os.Args[1]
	os.Args = append(os.Args[:1], os.Args[2:]...)
	opened, err := plugin.Open(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	main, err := opened.Lookup("Main")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	main.(func())()
}
