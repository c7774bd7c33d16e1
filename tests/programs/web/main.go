// web: an ordinary net/http server and its own clients. Prints each request as the client saw it:
// `METHOD PATH STATUS`.
package main

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/ok/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "fine") })
	mux.HandleFunc("/silent/", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("/teapot/", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	})
	mux.HandleFunc("/moved/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/ok/", http.StatusFound)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, mux)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	paths := []string{"/ok/", "/silent/", "/teapot/", "/moved/", "/none/"}
	methods := []string{"GET", "POST", "DELETE"}
	var all sync.WaitGroup
	var mu sync.Mutex
	for worker := 0; worker < 4; worker++ {
		all.Add(1)
		go func(worker int) {
			defer all.Done()
			for i := 0; i < 100; i++ {
				method := methods[i%len(methods)]
				path := fmt.Sprintf("%s%d/%d", paths[(i+worker)%len(paths)], worker, i)
				request, err := http.NewRequest(method, "http://"+listener.Addr().String()+path, strings.NewReader("body"))
				if err != nil {
					panic(err)
				}
				response, err := client.Do(request)
				if err != nil {
					panic(err)
				}
				response.Body.Close()
				mu.Lock()
				fmt.Println(method, path, response.StatusCode)
				mu.Unlock()
			}
		}(worker)
	}
	all.Wait()
}
