// load: writes keys into a server over HTTP on loopback and says how many the server
// acknowledged; the load and the judge of the tests on real servers.
//
//	load KIND ADDRESS wait             until the server is healthy; exit 1 after a minute
//	load KIND ADDRESS put N WRITERS    N keys by WRITERS connections: `acknowledged N failed 0`
//	load KIND ADDRESS put 0 WRITERS    until standard input ends; `running` at the first 100
//
//	load KIND ADDRESS check N WRITERS  as put, and the answers are known: every key is read back
//
// KIND is etcd (JSON gateway of v3), consul (its KV store), or prometheus (check alone: queries
// whose values are known, and its own samples).
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"io/ioutil"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type server struct{ kind, url string }

func (s server) do(client *http.Client, method, path string, body []byte) (string, error) {
	request, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := ioutil.ReadAll(response.Body)
	if err == nil && response.StatusCode != 200 {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return string(text), err
}

func (s server) put(client *http.Client, key, value string) error {
	if s.kind == "consul" {
		answer, err := s.do(client, "PUT", "/v1/kv/"+key, []byte(value))
		if err == nil && answer != "true\n" && answer != "true" {
			err = fmt.Errorf("answer %q", answer)
		}
		return err
	}
	encode := base64.StdEncoding.EncodeToString
	_, err := s.do(client, "POST", "/v3/kv/put",
		[]byte(fmt.Sprintf(`{"key":%q,"value":%q}`, encode([]byte(key)), encode([]byte(value)))))
	return err
}

// check asks what it knows the answer to.
func (s server) check(client *http.Client, i int64) error {
	path, body, wanted := "/v3/kv/range", []byte(nil), ""
	switch s.kind {
	case "etcd":
		key, value := fmt.Sprintf("key%06d", i), fmt.Sprint("value ", i*7)
		if err := s.put(client, key, value); err != nil {
			return err
		}
		encode := base64.StdEncoding.EncodeToString
		body = []byte(fmt.Sprintf(`{"key":%q}`, encode([]byte(key))))
		wanted = fmt.Sprintf(`"value":%q`, encode([]byte(value)))
	case "prometheus":
		path = "/api/v1/query?query=" + url.QueryEscape(fmt.Sprintf("%d * scalar(count(vector(1)))", i*7))
		wanted = fmt.Sprintf(`,"%d"]`, i*7)
		if i%4 == 0 {
			path = "/api/v1/query?query=" + url.QueryEscape(`count({job="own"}) > bool -1`)
			wanted = `"status":"success"`
		}
	default:
		return fmt.Errorf("%s: its answers are not known", s.kind)
	}
	answer, err := s.do(client, map[bool]string{true: "POST", false: "GET"}[body != nil], path, body)
	if err == nil && !strings.Contains(answer, wanted) {
		err = fmt.Errorf("answer %q lacks %s", answer, wanted)
	}
	return err
}

// healthy: the server has a leader and answers; for consul a leader alone is not enough.
func (s server) healthy(client *http.Client) bool {
	if s.kind == "consul" {
		leader, err := s.do(client, "GET", "/v1/status/leader", nil)
		return err == nil && len(leader) > 5
	}
	path := "/health"
	if s.kind == "prometheus" {
		path = "/-/ready"
	}
	_, err := s.do(client, "GET", path, nil)
	return err == nil
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: load etcd|consul|prometheus ADDRESS wait | put N WRITERS | check N WRITERS")
		os.Exit(2)
	}
	s := server{os.Args[1], "http://" + os.Args[2]}
	if os.Args[3] == "wait" {
		client := &http.Client{Timeout: 5 * time.Second}
		for i := 0; i < 600; i++ {
			if s.healthy(client) {
				fmt.Println("healthy")
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		fmt.Println("not healthy")
		os.Exit(1)
	}
	n, _ := strconv.ParseInt(os.Args[4], 10, 64)
	writers, _ := strconv.Atoi(os.Args[5])
	request := func(client *http.Client, i int64) error { return s.put(client, fmt.Sprintf("key%06d", i), "a value") }
	if os.Args[3] == "check" {
		request = s.check
	}
	os.Exit(load(request, n, writers))
}

func load(request func(*http.Client, int64) error, n int64, writers int) int {
	endless := n == 0
	if endless {
		n = 1 << 60
	}
	var next, acknowledged, failed int64
	var stop int32
	if endless {
		go func() {
			io.Copy(ioutil.Discard, os.Stdin)
			atomic.StoreInt32(&stop, 1)
		}()
	}
	var all sync.WaitGroup
	for w := 0; w < writers; w++ {
		all.Add(1)
		go func() {
			defer all.Done()
			client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
			for atomic.LoadInt32(&stop) == 0 {
				i := atomic.AddInt64(&next, 1)
				if i > n {
					return
				}
				if err := request(client, i); err != nil {
					atomic.AddInt64(&failed, 1)
					fmt.Fprintln(os.Stderr, err)
					if endless {
						return
					}
				} else if atomic.AddInt64(&acknowledged, 1) == 100 && endless {
					fmt.Println("running")
				}
			}
		}()
	}
	all.Wait()
	fmt.Println("acknowledged", acknowledged, "failed", failed)
	if failed > 0 {
		return 1
	}
	return 0
}
