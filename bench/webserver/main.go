// The busy HTTP server of bench/commands, and the load on it.
//
//	webserver serve                     prints its address, and serves until standard input ends
//	webserver most ADDRESS SECONDS      the requests a second that it serves to clients that wait for
//	                                    each answer
//	webserver load ADDRESS RATE PID...  so many requests a second, whether answers come or not, until
//	                                    standard input ends; then prints
//	    ANSWERED_PER_S FAILED P50_US P99_US LONGEST_US CPU_PERCENT...
//	                                    an answer's time counts from when its request was due; CPU of
//	                                    each process, in percent of one
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

var errEmpty = errors.New("the key is empty")

// Item is what the store keeps.
type Item struct {
	Tenant, Key, Sum string
	Value            []byte
	Made             time.Time
	Tags             map[string]string
}

type shard struct {
	mu    sync.Mutex
	items map[string][]byte
}

// Store keeps items, encoded.
type Store struct{ shards [8]shard }

func (s *Store) validate(key string) error {
	if key == "" {
		return errEmpty
	}
	for _, c := range key {
		if c < ' ' || c > '~' {
			return fmt.Errorf("key %q: character %q is not allowed", key, c)
		}
	}
	return nil
}

func encode(item *Item) ([]byte, error) {
	sum := sha256.Sum256(item.Value)
	item.Sum = hex.EncodeToString(sum[:])
	return json.Marshal(item)
}

func (s *shard) set(key string, encoded []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.items) > 1000 {
		s.items = map[string][]byte{}
	}
	s.items[key] = encoded
}

// Put keeps an item of a tenant.
func (s *Store) Put(ctx context.Context, tenant, key string, value []byte) error {
	if err := s.validate(key); err != nil {
		return err
	}
	encoded, err := encode(&Item{Tenant: tenant, Key: key, Value: value, Made: time.Now(),
		Tags: map[string]string{"tenant": tenant, "first": key[:1]}})
	if err != nil {
		return err
	}
	s.shards[len(encoded)%len(s.shards)].set(tenant+"/"+key, encoded) // LOGGED
	return ctx.Err()
}

// Server answers requests.
type Server struct{ store *Store }

func (s *Server) handlePut(w http.ResponseWriter, r *http.Request) {
	value, err := io.ReadAll(r.Body)
	if err == nil {
		err = s.store.Put(r.Context(), r.URL.Query().Get("tenant"), r.URL.Query().Get("key"), value)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintln(w, "kept")
}

func serve() {
	server := &Server{&Store{}}
	for i := range server.store.shards {
		server.store.shards[i].items = map[string][]byte{}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/put", server.handlePut)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	go http.Serve(listener, mux)
	io.Copy(io.Discard, os.Stdin)
}

type client struct {
	http    http.Client
	address string
	body    []byte
}

func newClient(address string, connections int) *client {
	return &client{http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}, address,
		bytes.Repeat([]byte("a value "), 64)}
}

func (c *client) put(i int64) error {
	path := fmt.Sprintf("http://%s/put?tenant=tenant%d&key=key%06d", c.address, i%4, i%500)
	answer, err := c.http.Post(path, "text/plain", bytes.NewReader(c.body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if _, err = io.Copy(io.Discard, answer.Body); err == nil && answer.StatusCode != 200 {
		err = errors.New(answer.Status)
	}
	return err
}

func most(address string, seconds int) {
	const connections = 8
	c := newClient(address, connections)
	var answered int64
	var all sync.WaitGroup
	end := time.Now().Add(time.Duration(seconds) * time.Second)
	for n := 0; n < connections; n++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for time.Now().Before(end) {
				if err := c.put(atomic.AddInt64(&answered, 1)); err != nil {
					log.Fatal(err)
				}
			}
		}()
	}
	all.Wait()
	fmt.Println(answered / int64(seconds))
}

// cpuTime is the time that a process has had, in ticks of 10 ms (proc(5), stat: utime and stime).
func cpuTime(pid string) float64 {
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0 // it has ended
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return user + system
}

func load(address string, rate float64, pids []string) {
	const connections = 64
	c := newClient(address, connections)
	var stop int32
	go func() {
		io.Copy(io.Discard, os.Stdin)
		atomic.StoreInt32(&stop, 1)
	}()
	type due struct {
		n  int64
		at time.Time
	}
	queue := make(chan due, 1<<20)
	var mu sync.Mutex
	var took []float64 // microseconds
	failed := 0
	var all sync.WaitGroup
	for n := 0; n < connections; n++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for request := range queue {
				err := c.put(request.n)
				us := float64(time.Since(request.at)) / 1e3
				mu.Lock()
				took = append(took, us)
				if err != nil {
					failed++
				}
				mu.Unlock()
			}
		}()
	}
	cpu := make([]float64, len(pids))
	for i, pid := range pids {
		cpu[i] = cpuTime(pid)
	}
	begin := time.Now()
	for n := int64(0); atomic.LoadInt32(&stop) == 0; n++ {
		at := begin.Add(time.Duration(float64(n) / rate * 1e9))
		time.Sleep(time.Until(at))
		queue <- due{n, at}
	}
	seconds := time.Since(begin).Seconds()
	for i, pid := range pids {
		cpu[i] = (cpuTime(pid) - cpu[i]) / seconds // hundredths of a second in a second: percent
	}
	mu.Lock()
	answered := len(took)
	mu.Unlock()
	close(queue)
	all.Wait()
	sort.Float64s(took)
	at := func(part float64) float64 { return took[int(part*float64(len(took)-1))] }
	fmt.Printf("%.0f %d %.0f %.0f %.0f", float64(answered)/seconds, failed, at(0.5), at(0.99), at(1))
	for _, percent := range cpu {
		fmt.Printf(" %.1f", percent)
	}
	fmt.Println()
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		serve()
		return
	}
	if len(os.Args) == 4 && os.Args[1] == "most" {
		if seconds, err := strconv.Atoi(os.Args[3]); err == nil && seconds > 0 {
			most(os.Args[2], seconds)
			return
		}
	}
	if len(os.Args) >= 4 && os.Args[1] == "load" {
		if rate, err := strconv.ParseFloat(os.Args[3], 64); err == nil && rate > 0 {
			load(os.Args[2], rate, os.Args[4:])
			return
		}
	}
	fmt.Fprintln(os.Stderr, "usage: webserver serve | most ADDRESS SECONDS | load ADDRESS RATE PID...")
	os.Exit(2)
}
